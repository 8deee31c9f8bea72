// Everything once: what a page with realm-web does in its life.  Linking is for
// pages that are on a list alone: world.listed.

import { equal, group, ok, refused, works } from "./harness.mjs";

export default async function script(Realm, world) {
  const { password } = world;
  const email = `tour-${Date.now()}@example.com`;
  const app = new Realm.App({ id: world.app, baseUrl: world.url });

  await group("the tour", async () => {
    await works(app.emailPasswordAuth.registerUser({ email, password }), "registerUser");
    const user = await works(app.logIn(Realm.Credentials.emailPassword(email, password)), "logIn");
    await works(user.refreshProfile(), "refreshProfile");
    equal(user.profile.email, email, "the profile has the address");
    const key = await works(user.apiKeys.create("tour"), "create");
    equal((await user.apiKeys.fetchAll()).map((k) => k._id), [key._id], "fetchAll");
    equal((await user.apiKeys.fetch(key._id)).name, "tour", "fetch");
    await works(user.apiKeys.disable(key._id), "disable");
    await refused(app.logIn(Realm.Credentials.apiKey(key.key)),
      { statusCode: 401, errorCode: "AuthError", error: "unauthorized" }, "logIn with a disabled key");
    await works(user.apiKeys.enable(key._id), "enable");
    await works(user.refreshAccessToken(), "refreshAccessToken");
    const keyed = await works(app.logIn(Realm.Credentials.apiKey(key.key)), "logIn with a key");
    equal(keyed.id, user.id, "it is the same user");
    await refused(keyed.apiKeys.fetchAll(), { statusCode: 403 }, "which cannot manage keys");
    await works(keyed.logOut(), "logOut");
    const again = await app.logIn(Realm.Credentials.emailPassword(email, password));
    await works(again.apiKeys.delete(key._id), "delete");
    await refused(again.apiKeys.fetch(key._id), { statusCode: 404, errorCode: "APIKeyNotFound" }, "and it is gone");
    await refused(app.logIn(Realm.Credentials.apiKey(key.key)),
      { statusCode: 401, errorCode: "AuthError", error: "unauthorized" }, "logIn with a deleted key");
    await works(app.deleteUser(again), "deleteUser");
    ok(app.currentUser === null || app.currentUser.id !== user.id, "and nobody is logged in");
    await app.emailPasswordAuth.registerUser({ email: `link-${email}`, password });
    const nobody = await works(app.logIn(Realm.Credentials.anonymous(false)), "logIn anonymously");
    const linking = nobody.linkCredentials(Realm.Credentials.emailPassword(`link-${email}`, password));
    if (world.listed) {
      await works(linking, "linkCredentials");
    } else {
      await refused(linking, {
        statusCode: 403, error: "linking forbidden without first specifying allowed request origins",
      }, "linkCredentials in a page that is on no list");
    }
    await works(app.deleteUser(nobody), "deleteUser of who that was");
  });
}
