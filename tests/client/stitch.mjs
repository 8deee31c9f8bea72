// The Stitch SDKs, which came before realm-web: the server's on node, the
// browser's in a page.

import { calls, control, equal, group, ok, refused, sleep, works } from "./harness.mjs";

const gone = "API key not found";
const names = (user) => user.identities.map((i) => i.providerType).sort();

export default async function script(Client, world) {
  const {
    AnonymousCredential, Stitch, StitchAppClientConfiguration, StitchServiceErrorCode: Code,
    UserApiKeyAuthProviderClient, UserApiKeyCredential,
    UserPasswordAuthProviderClient, UserPasswordCredential,
  } = Client;
  const { email, password } = world;
  const settings = (url) => new StitchAppClientConfiguration.Builder().withBaseUrl(url).build();
  const { auth } = Stitch.initializeAppClient(world.app, settings(world.url));
  const brief = Stitch.initializeAppClient(world.brief.app, settings(world.brief.url)).auth;
  const keys = auth.getProviderClient(UserApiKeyAuthProviderClient.factory);
  const users = auth.getProviderClient(UserPasswordAuthProviderClient.factory);
  const owner = new UserPasswordCredential(email, password);
  const refusedKey = { errorCode: Code.Unknown, message: "unauthorized" };
  const ended = { errorCode: Code.InvalidSession };

  await group("registering", async () => {
    const mail = `stitch-${Date.now()}@example.com`;
    await works(users.registerWithEmail(mail, password), "registerWithEmail");
    await refused(users.registerWithEmail(mail, password), { message: "name already in use" }, "a second time");
    await refused(users.registerWithEmail(`b${mail}`, "12345"),
      { message: /password must be between 6 and 128 characters/ }, "with a short password");
    const user = await works(auth.loginWithCredential(new UserPasswordCredential(mail, password)),
      "who registered logs in");
    equal(user.profile.email, mail, "the profile has the address");
    await control("user", "disable", user.id);
    await refused(auth.loginWithCredential(new UserPasswordCredential(mail, password)),
      { errorCode: Code.UserDisabled }, "login of a disabled user");
    await auth.removeUserWithId(user.id);
  });

  await group("a new password", async () => {
    const mail = `reset-${Date.now()}@example.com`;
    await users.registerWithEmail(mail, password);
    const { id } = await auth.loginWithCredential(new UserPasswordCredential(mail, password));
    const hand = async (purpose) => (await control("admin", world.app, "POST", `/users/${id}/${purpose}_token`)).json;
    await works(users.resendConfirmationEmail(mail), "resendConfirmationEmail");
    const { token, tokenId } = await hand("confirm");
    await refused(users.confirmUser("x", tokenId), { message: "invalid token data" }, "confirmUser with another token");
    await works(users.confirmUser(token, tokenId), "confirmUser");
    await refused(users.resendConfirmationEmail(mail), { errorCode: Code.UserAlreadyConfirmed }, "of a confirmed one");
    await works(users.sendResetPasswordEmail(mail), "sendResetPasswordEmail");
    const reset = await hand("reset");
    await works(users.resetPassword(reset.token, reset.tokenId, "new horse"), "resetPassword");
    await refused(keys.fetchApiKeys(), ended, "the sessions from before are over");
    const more = await hand("reset");
    await works(users.callResetPasswordFunction(mail, "newest horse", [more.tokenId, more.token]),
      "callResetPasswordFunction");
    await refused(users.callResetPasswordFunction(`no-${mail}`, "newest horse", []), { errorCode: Code.UserNotFound },
      "of nobody");
    equal((await auth.loginWithCredential(new UserPasswordCredential(mail, "newest horse"))).id, id,
      "login with the newest password");
    await auth.removeUserWithId(id);
  });

  await group("logging in", async () => {
    const user = await auth.loginWithCredential(owner);
    equal(user.id, world.user, "login: the user's id");
    equal([auth.isLoggedIn, user.loggedInProviderType, user.userType], [true, "local-userpass", "normal"], "login: what it was");
    equal(names(user), ["local-userpass"], "login: identities");
    await refused(auth.loginWithCredential(new UserPasswordCredential(email, "wrong horse")),
      { errorCode: Code.Unknown, message: "unauthorized" }, "with a wrong password");
    await refused(auth.loginWithCredential(new UserApiKeyCredential("ukey" + "A".repeat(60))), refusedKey,
      "with a key that never was");
  });

  await group("keys", async () => {
    await auth.loginWithCredential(owner);
    equal(await keys.fetchApiKeys(), [], "fetchApiKeys of nothing");
    const key = await keys.createApiKey("stitch");
    equal([key.name, key.disabled, key.key.length], ["stitch", false, 64], "createApiKey");
    const same = await keys.fetchApiKey(key.id);
    equal([same.id.toHexString(), same.name, same.disabled, same.key], [key.id.toHexString(), "stitch", false, undefined],
      "fetchApiKey");
    equal((await keys.fetchApiKeys()).map((k) => k.name), ["stitch"], "fetchApiKeys");
    await refused(keys.createApiKey("stitch"),
      { errorCode: Code.ApiKeyAlreadyExists, message: "API key with name already exists" }, "a name that is taken");
    await refused(keys.createApiKey("a b"), { errorCode: Code.InvalidParameter,
      message: /can only contain ASCII letters, numbers, underscores, and hyphens/ }, "a name with a space");
    await keys.disableApiKey(key.id);
    equal((await keys.fetchApiKey(key.id)).disabled, true, "disableApiKey");
    await refused(auth.loginWithCredential(new UserApiKeyCredential(key.key)), refusedKey, "login with a disabled key");
    await keys.enableApiKey(key.id);
    equal((await keys.fetchApiKey(key.id)).disabled, false, "enableApiKey");
    const user = await works(auth.loginWithCredential(new UserApiKeyCredential(key.key)), "login with a key");
    equal([user.id, user.loggedInProviderType], [world.user, "api-key"], "it is its owner");
    ok(names(user).includes("api-key"), "the identity of the key");
    await refused(keys.fetchApiKeys(), {}, "a session by key cannot list keys");
    await refused(keys.createApiKey("more"), {}, "nor create one");
    await auth.loginWithCredential(owner);
    await works(keys.deleteApiKey(key.id), "deleteApiKey");
    for (const call of ["fetchApiKey", "enableApiKey", "disableApiKey", "deleteApiKey"]) {
      await refused(keys[call](key.id), { errorCode: Code.ApiKeyNotFound, message: gone }, `${call} of a deleted key`);
    }
    await refused(auth.loginWithCredential(new UserApiKeyCredential(key.key)), refusedKey, "login with a deleted key");
  });

  await group("an access token that has expired", async () => {
    const user = await brief.loginWithCredential(owner);
    await sleep(4100);
    await calls();
    // The profile is read by a login alone; linking is a call by access token.
    await user.linkWithCredential(new UserApiKeyCredential("ukey" + "A".repeat(60))).catch(() => {});
    const made = await calls();
    ok(made.includes("POST /auth/session") && made.length === 3, "it is refreshed, once, and the call repeated", made);
    ok(brief.isLoggedIn, "and the user stays");
  });

  await group("sessions that end", async () => {
    const user = await auth.loginWithCredential(owner);
    equal((await control("admin", world.app, "PUT", `/users/${user.id}/logout`)).status, 204, "an administrator logs a user out");
    await calls();
    await refused(keys.fetchApiKeys(), ended, "the session is over");
    equal(await calls(), ["GET /auth/api_keys"], "and the client asks once");
    ok(!auth.isLoggedIn, "and knows that it is logged out");
    await auth.loginWithCredential(owner);
    await calls();
    await works(auth.logout(), "logout");
    equal(await calls(), ["DELETE /auth/session"], "tells the service");
    ok(!auth.isLoggedIn, "nobody is logged in");
    await works(auth.logout(), "logout a second time");
  });

  await group("anonymous users", async () => {
    const user = await works(auth.loginWithCredential(new AnonymousCredential()), "login");
    equal(names(user), ["anon-user"], "identities");
    await refused(keys.createApiKey("x"), {}, "have no keys");
    await auth.logout();
  });

  await group("linking", async () => {
    const mail = `link-${Date.now()}@example.com`;
    await users.registerWithEmail(mail, password);
    const user = await auth.loginWithCredential(new AnonymousCredential());
    await calls();
    await refused(user.linkWithCredential(new UserPasswordCredential(mail, "wrong horse")),
      { message: /invalid username.password/ }, "with a wrong password");
    equal((await calls()).length, 1, "is one call");
    const same = await works(user.linkWithCredential(new UserPasswordCredential(mail, password)), "with the right one");
    equal([same.id, names(same)], [user.id, ["anon-user", "local-userpass"]], "it is the same user");
    await auth.logout();
    equal((await auth.loginWithCredential(new UserPasswordCredential(mail, password))).id, user.id,
      "who logs in with the address");
    await auth.logout();
  });

  await group("the end", async () => {
    for (const each of [auth, brief]) {
      for (const { id } of each.listUsers()) {
        await each.removeUserWithId(id);
      }
    }
    equal([auth, brief].flatMap((each) => each.listUsers()).length, 0, "every user is removed");
    // On node the program could not end before.
    for (const id of [world.app, world.brief.app]) {
      Stitch.getAppClient(id).close?.();
    }
  });
}
