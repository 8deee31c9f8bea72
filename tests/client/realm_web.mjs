// realm-web, doing what its manual says: the same on node and in a page.

import { calls, control, equal, group, ok, refused, sleep, works } from "./harness.mjs";

export const link = /logs\?co_id=/;
export const REFUSED = { statusCode: 401, errorCode: "AuthError", error: "unauthorized", link };
export const ended = { statusCode: 401, errorCode: "InvalidSession", link };
export const gone = { statusCode: 404, errorCode: "APIKeyNotFound", error: "API key not found", link };
const denied = { statusCode: 403, error: undefined, errorCode: undefined };

const sorted = (o) => Object.fromEntries(Object.entries(o).sort());
const types = (user) => user.identities.map((i) => i.providerType).sort();

// One word of a body, changed in its last letter.
const spoiled = (text) => text.slice(0, -1) + (text.endsWith("A") ? "B" : "A");

let number = 0;
const fresh = (name) => `${name}-${Date.now()}-${++number}@example.com`;

export default async function script(Realm, world) {
  const { email, password } = world;
  const makeApp = (at = world, more = {}) => new Realm.App({ id: at.app, baseUrl: at.url, ...more });
  const byPassword = (mail = email, word = password) => Realm.Credentials.emailPassword(mail, word);
  const byKey = (key) => Realm.Credentials.apiKey(key.key ?? key);
  const app = makeApp();
  const users = app.emailPasswordAuth;

  // Somebody new, who has registered.
  async function somebody(name) {
    const mail = fresh(name);
    await users.registerUser({ email: mail, password });
    return mail;
  }

  await group("registering", async () => {
    const mail = fresh("new");
    await works(users.registerUser({ email: mail, password }), "registerUser");
    const user = await app.logIn(byPassword(mail));
    ok(user.isLoggedIn, "who registered logs in");
    await refused(users.registerUser({ email: mail, password }),
      { statusCode: 409, errorCode: "AccountNameInUse", error: "name already in use", link },
      "registerUser a second time");
    for (const short of ["12345", "x".repeat(129)]) {
      await refused(users.registerUser({ email: fresh("b"), password: short }),
        { statusCode: 400, error: /password must be between 6 and 128 characters/, link },
        `registerUser with a password of ${short.length}`);
    }
    await app.removeUser(user);
  });

  await group("logging in", async () => {
    await calls();
    const user = await app.logIn(byPassword());
    equal(await calls(), [`POST /app/${world.app}/auth/providers/local-userpass/login`, "GET /auth/profile"],
      "logIn: two calls, and the location is known");
    equal(user.id, world.user, "logIn: the user's id");
    equal(app.currentUser.id, user.id, "logIn: the current user");
    ok(user.isLoggedIn, "logIn: isLoggedIn");
    equal(user.state, "active", "logIn: state");
    equal(user.providerType, "local-userpass", "logIn: providerType");
    equal(types(user), ["local-userpass"], "logIn: identities");
    ok(user.identities.every((i) => typeof i.id === "string"), "logIn: their ids");
    equal(user.accessToken.split(".").length, 3, "logIn: accessToken");
    equal(user.refreshToken.split(".").length, 3, "logIn: refreshToken");
    ok(/^[0-9a-f]{24}$/.test(user.deviceId) && !/^0*$/.test(user.deviceId), "logIn: deviceId", user.deviceId);
    equal(user.customData, {}, "logIn: customData");
    equal(await user.refreshCustomData(), {}, "refreshCustomData");
    await user.refreshProfile();
    ok(user.profile !== undefined, "refreshProfile");
    await user.refreshAccessToken();
    await works(user.refreshProfile(), "refreshAccessToken, and the new one works");
    await refused(app.logIn(byPassword(email, "wrong horse")),
      { statusCode: 401, errorCode: "InvalidPassword", error: "unauthorized", link },
      "logIn with a wrong password");
    await refused(app.logIn(byPassword(fresh("nobody"))),
      { statusCode: 401, errorCode: "InvalidPassword", error: "unauthorized", link },
      "logIn of nobody");
    await refused(app.logIn(byKey("ukey" + "A".repeat(60))), REFUSED, "logIn with a key that never was");
  });

  await group("the device", async () => {
    const user = await app.logIn(byPassword());
    const again = await app.logIn(byPassword());
    equal(again.deviceId, user.deviceId, "a second login is on the same device");
    await control("answers");
    await app.logIn(byPassword());
    const [{ asked }] = await control("answers");
    ok(JSON.stringify(asked.options.device).includes(user.deviceId), "the client tells the device it was given",
      asked);
  });

  await group("keys", async () => {
    const user = await app.logIn(byPassword());
    equal(await user.apiKeys.fetchAll(), [], "fetchAll of nothing");
    const key = await user.apiKeys.create("first-key");
    equal(Object.keys(key).sort(), ["_id", "disabled", "key", "name"], "create: the fields");
    equal([key.name, key.disabled, typeof key._id, key._id.length, typeof key.key, key.key.length],
      ["first-key", false, "string", 24, "string", 64], "create: their values");
    const same = { _id: key._id, name: "first-key", disabled: false };
    equal(sorted(await user.apiKeys.fetch(key._id)), sorted(same), "fetch: exactly these fields");
    const second = await user.apiKeys.create("second");
    equal((await user.apiKeys.fetchAll()).map((k) => sorted(k)),
      [sorted(same), sorted({ _id: second._id, name: "second", disabled: false })],
      "fetchAll: exactly these fields, in this order");
    equal(await user.apiKeys.disable(key._id) ?? null, null, "disable");
    equal((await user.apiKeys.fetch(key._id)).disabled, true, "then disabled is true");
    await works(user.apiKeys.disable(key._id), "disable a second time");
    equal(await user.apiKeys.enable(key._id) ?? null, null, "enable");
    equal((await user.apiKeys.fetch(key._id)).disabled, false, "then disabled is false");
    await works(user.apiKeys.enable(key._id), "enable a second time");
    for (const name of ["with space", "%s", "$()!$"]) {
      await refused(user.apiKeys.create(name), {
        statusCode: 400, errorCode: "InvalidParameter", link,
        error: /can only contain ASCII letters, numbers, underscores, and hyphens/,
      }, `create '${name}'`);
    }
    await refused(user.apiKeys.create(""), { statusCode: 400, errorCode: undefined, error: "'name' is a required string" },
      "create without a name");
    await refused(user.apiKeys.create("second"), {
      statusCode: 409, errorCode: "APIKeyAlreadyExists", error: "API key with name already exists", link,
    }, "create a name that is taken");
    equal(await user.apiKeys.delete(second._id) ?? null, null, "delete");
    for (const call of ["fetch", "enable", "disable", "delete"]) {
      await refused(user.apiKeys[call](second._id), gone, `${call} of a deleted key`);
    }
    const mail = await somebody("stranger");
    const stranger = await app.logIn(byPassword(mail));
    for (const call of ["fetch", "enable", "disable", "delete"]) {
      await refused(stranger.apiKeys[call](key._id), gone, `${call} of another user's key`);
    }
    equal(await stranger.apiKeys.fetchAll(), [], "fetchAll shows no other user's key");
    await app.removeUser(stranger);
    equal((await user.apiKeys.fetchAll()).map((k) => k.name), ["first-key"], "fetchAll after all");
    const again = await works(user.apiKeys.create("second"), "the name of a deleted key is free");
    await user.apiKeys.delete(again._id);
    await user.apiKeys.delete(key._id);
  });

  await group("logging in with a key", async () => {
    const owner = await app.logIn(byPassword());
    const key = await owner.apiKeys.create("login");
    const other = makeApp();
    const user = await other.logIn(byKey(key));
    equal(user.id, world.user, "logIn with a key: the owner's id");
    ok(types(user).includes("api-key"), "logIn with a key: the identity of the key");
    await refused(user.apiKeys.fetchAll(), denied, "a session by key cannot list keys");
    await refused(user.apiKeys.create("x"), denied, "a session by key cannot create one");
    for (const call of ["fetch", "enable", "disable", "delete"]) {
      await refused(user.apiKeys[call](key._id), denied, `a session by key cannot ${call} its own`);
    }
    await works(user.refreshAccessToken(), "it can be refreshed");
    const again = await app.logIn(byPassword());
    await again.apiKeys.disable(key._id);
    await refused(other.logIn(byKey(key)), REFUSED, "logIn with a disabled key");
    await again.apiKeys.enable(key._id);
    equal((await other.logIn(byKey(key))).id, world.user, "logIn with it, enabled again");
    const last = await app.logIn(byPassword());
    await last.apiKeys.delete(key._id);
    await refused(other.logIn(byKey(key)), REFUSED, "logIn with a deleted key");
  });

  await group("a key that is disabled under a session", async () => {
    // Two apps of one id share their users' tokens, so the owner works by hand.
    const owner = await app.logIn(byPassword());
    const key = await owner.apiKeys.create("under");
    const refresh = owner.refreshToken;
    const user = await makeApp().logIn(byKey(key));
    const answer = await fetch(`${world.url}/api/client/v2.0/auth/api_keys/${key._id}/disable`,
      { method: "PUT", headers: { Authorization: `Bearer ${refresh}` } });
    equal(answer.status, 204, "the key of a session is disabled");
    await calls();
    await refused(user.refreshProfile(), ended, "the session is over");
    equal(await calls(), ["GET /auth/profile", "POST /auth/session"], "and the client does not try for ever");
    ok(!user.isLoggedIn, "the client knows that it is logged out");
  });

  await group("an access token that has expired", async () => {
    const brief = makeApp(world.brief);
    const mail = fresh("brief");
    await brief.emailPasswordAuth.registerUser({ email: mail, password });
    const key = await (await brief.logIn(byPassword(mail))).apiKeys.create("brief");
    const keyed = await brief.logIn(byKey(key));
    const user = await brief.logIn(byPassword());
    const old = user.accessToken;
    await sleep(4100);
    await calls();
    await user.refreshProfile();
    const renewal = ["GET /auth/profile", "POST /auth/session", "GET /auth/profile"];
    equal(await calls(), renewal, "an expired access token is refreshed, once, and the call repeated");
    ok(user.accessToken !== old, "the user has a new access token");
    await keyed.refreshProfile();
    equal(await calls(), renewal, "the same in a session by key");
    await brief.removeUser(keyed);
  });

  await group("a token that is nobody's", async () => {
    const user = await app.logIn(byPassword());
    user.accessToken = spoiled(user.accessToken);
    await calls();
    await works(user.refreshProfile(), "an access token that is broken is refreshed");
    equal((await calls()).length, 3, "in three calls");
    user.refreshToken = spoiled(user.refreshToken);
    await refused(user.apiKeys.fetchAll(), { statusCode: 401 }, "a refresh token that is broken is refused");
    equal((await calls()).length, 1, "in one call");
    ok(!user.isLoggedIn, "and the user is logged out");
  });

  await group("logging out", async () => {
    const user = await app.logIn(byPassword());
    const { refreshToken } = user;
    await user.logOut();
    equal(user.state, "logged-out", "logOut: state");
    equal([user.accessToken, user.refreshToken, user.isLoggedIn], [null, null, false], "logOut: no tokens");
    const answer = await fetch(`${world.url}/api/client/v2.0/auth/session`,
      { method: "POST", headers: { Authorization: `Bearer ${refreshToken}` } });
    equal(answer.status, 401, "logOut: the service has ended the session");
    await works(user.logOut(), "logOut a second time");
    await refused(user.apiKeys.fetchAll(), {}, "nothing works after logOut");
    const back = await app.logIn(byPassword());
    equal(back.id, world.user, "logIn again");
    await app.removeUser(back);
    ok(!app.allUsers[world.user], "removeUser");
  });

  await group("anonymous users", async () => {
    const user = await app.logIn(Realm.Credentials.anonymous());
    ok(user.isLoggedIn && user.id !== world.user, "logIn anonymously");
    equal(types(user), ["anon-user"], "identities of an anonymous user");
    for (const [name, call] of [["create", () => user.apiKeys.create("x")], ["fetchAll", () => user.apiKeys.fetchAll()]]) {
      await refused(call(), denied, `anonymous users have no keys: ${name}`);
    }
    if (Realm.Credentials.anonymous().reuse) {
      const same = await app.logIn(Realm.Credentials.anonymous());
      equal(same.id, user.id, "a second time it is the same user");
    }
    const other = await app.logIn(Realm.Credentials.anonymous(false));
    ok(other.id !== user.id, "unless another is asked for");
    await app.removeUser(user);
    await works(app.deleteUser(app.currentUser), "deleteUser of an anonymous user");
  });

  await group("users that are disabled, and that delete themselves", async () => {
    const mail = await somebody("leaver");
    const user = await app.logIn(byPassword(mail));
    const key = await user.apiKeys.create("k");
    await control("user", "disable", user.id);
    const disabled = { statusCode: 401, errorCode: "UserDisabled", link };
    await refused(app.logIn(byPassword(mail)), disabled, "logIn of a disabled user");
    await refused(app.logIn(byKey(key)), disabled, "by key as well");
    await refused(app.logIn(byPassword(mail, "wrong horse")), { statusCode: 401, errorCode: "InvalidPassword" },
      "who does not know the password is not told so");
    await calls();
    await refused(user.refreshProfile(), ended, "the session of a disabled user is over");
    equal((await calls()).length, 2, "and the client does not try for ever");
    await control("user", "enable", user.id);
    const back = await app.logIn(byPassword(mail));
    equal(back.id, user.id, "enabled again, the user logs in");
    await works(app.deleteUser(back), "deleteUser");
    await refused(app.logIn(byPassword(mail)), { statusCode: 401, errorCode: "InvalidPassword", error: "unauthorized" },
      "logIn of a deleted user");
    await refused(app.logIn(byKey(key)), REFUSED, "by key as well, once deleted");
  });

  await group("a user that an administrator deletes", async () => {
    const mail = await somebody("deleted");
    const user = await app.logIn(byPassword(mail));
    const { status } = await control("admin", world.app, "DELETE", `/users/${user.id}`);
    equal(status, 204, "a user is deleted");
    await calls();
    await refused(user.refreshProfile(), { statusCode: 401 }, "the session is over");
    ok((await calls()).length <= 3, "and the client does not try for ever");
    await refused(user.apiKeys.fetchAll(), {}, "keys cannot be reached");
    await app.removeUser(user).catch(() => {});
    await works(users.registerUser({ email: mail, password }), "the address is free again");
  });

  await group("sessions that an administrator ends", async () => {
    const mail = await somebody("revoked");
    const user = await app.logIn(byPassword(mail));
    equal((await control("admin", world.app, "PUT", `/users/${user.id}/logout`)).status, 204, "an administrator logs a user out");
    await refused(user.apiKeys.fetchAll(), ended, "the session is over");
    ok(!user.isLoggedIn, "and the client knows");
    equal((await app.logIn(byPassword(mail))).id, user.id, "a new login works at once");
    await app.removeUser(app.currentUser);
  });

  await group("two apps of one service", async () => {
    const there = makeApp({ app: world.second, url: world.url });
    const mail = await somebody("both");
    await refused(there.logIn(byPassword(mail)), { statusCode: 401, errorCode: "InvalidPassword", error: "unauthorized" },
      "a user of one app is none of the other");
    await there.emailPasswordAuth.registerUser({ email: mail, password: "another horse" });
    const here = await app.logIn(byPassword(mail));
    const other = await there.logIn(byPassword(mail, "another horse"));
    ok(here.id !== other.id, "the same address is another user there");
    const key = await here.apiKeys.create("k");
    const theirs = await other.apiKeys.create("k");
    await refused(there.logIn(byKey(key)), REFUSED, "a key of one app is none of the other");
    await refused(app.logIn(byKey(theirs)), REFUSED, "nor the other way");
    equal((await other.apiKeys.fetchAll()).map((k) => k._id), [theirs._id], "fetchAll: those of the app alone");
    await refused(other.apiKeys.fetch(key._id), gone, "fetch of a key of the other app");
    equal([app.currentUser.id, there.currentUser.id], [here.id, other.id], "both are logged in at once");
    await there.removeUser(other);
    await works(here.refreshProfile(), "logging out of one is not logging out of the other");
    await app.removeUser(here);
  });

  await group("server keys", async () => {
    const admin = (method, path, body) => control("admin", world.app, method, `/api_keys${path}`, body);
    const { status, json: key } = await admin("POST", "", { name: `server-${Date.now()}` });
    equal(status, 201, "an administrator makes a server key");
    const user = await works(app.logIn(byKey(key)), "logIn with it");
    ok(user.id !== world.user && user.isLoggedIn, "it is a user of its own");
    equal((await app.logIn(byKey(key))).id, user.id, "and the same one each time");
    equal(types(user), ["api-key"], "with the one identity");
    await works(user.refreshAccessToken(), "its session can be refreshed");
    await refused(user.apiKeys.fetchAll(), denied, "it has no keys");
    equal((await admin("PUT", `/${key._id}/disable`)).status, 204, "the key is disabled");
    await refused(app.logIn(byKey(key)), REFUSED, "logIn with it");
    await calls();
    await refused(user.refreshProfile(), ended, "its session is over");
    equal((await calls()).length, 2, "and the client does not try for ever");
    equal((await admin("PUT", `/${key._id}/enable`)).status, 204, "the key is enabled");
    equal((await app.logIn(byKey(key))).id, user.id, "logIn with it, enabled again");
    equal((await admin("DELETE", `/${key._id}`)).status, 204, "the key is deleted");
    await refused(app.logIn(byKey(key)), REFUSED, "logIn with it, deleted");
  });

  await group("a way in that is shut", async () => {
    const admin = (method, path) => control("admin", world.second, method, `/auth_providers${path}`);
    const there = makeApp({ app: world.second, url: world.url });
    const mail = fresh("shut");
    await there.emailPasswordAuth.registerUser({ email: mail, password });
    const key = await (await there.logIn(byPassword(mail))).apiKeys.create("k");
    const { json: list } = await admin("GET", "");
    const { _id: id } = list.find((p) => p.type === "api-key");
    equal((await admin("PUT", `/${id}/disable`)).status, 204, "an administrator shuts the way with a key");
    await refused(there.logIn(byKey(key)), { errorCode: "AuthProviderNotFound", link }, "logIn with a key");
    const user = await works(there.logIn(byPassword(mail)), "the other way is open");
    equal((await admin("PUT", `/${id}/enable`)).status, 204, "and opens it again");
    equal((await there.logIn(byKey(key))).id, user.id, "logIn with the key");
    await there.removeUser(user);
  });

  await group("other ways", async () => {
    const none = makeApp({ app: "no-such-app", url: world.url });
    await refused(none.logIn(byPassword()), {
      statusCode: 404, error: "cannot find app using Client App ID 'no-such-app'",
    }, "an app id that nobody has");
    await calls();
    equal((await makeApp(world, { skipLocationRequest: true }).logIn(byPassword())).id, world.user,
      "without asking for the location");
    ok(!(await calls()).some((c) => c.endsWith("/location")), "and it was not asked for");
    equal((await makeApp(world, { app: { name: "my-app", version: "1.2" } }).logIn(byPassword())).id, world.user,
      "with a local app name and version");
    equal((await makeApp().logIn(byPassword(), false)).id, world.user, "without fetching the profile");
    await refused(app.logIn(Realm.Credentials.jwt("a.b.c")), { link }, "a provider that is not ours");
  });
}
