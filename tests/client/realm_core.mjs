// realm-core, the core of all the native SDKs, through Realm JS.
//
// The numbers are the core's own names of errors, which every SDK above it
// hands on.

import { calls, control, equal, group, ok, refused, sleep, works } from "./harness.mjs";

const INVALID_SESSION = 4301;
const INVALID_PARAMETER = 4305;
const HTTP_ERROR = 4309;
const KEY_NOT_FOUND = 4334;
const KEY_EXISTS = 4339;
const USER_DISABLED = 4345;
const AUTH_ERROR = 4346;
const NAME_IN_USE = 4348;
const INVALID_PASSWORD = 4349;
const UNKNOWN = 4351;

export default async function script(Realm, world) {
  const { email, password } = world;
  const makeApp = (at = world) => new Realm.App({ id: at.app, baseUrl: at.url });
  const byPassword = (mail = email, word = password) => Realm.Credentials.emailPassword(mail, word);
  const byKey = (key) => Realm.Credentials.apiKey(key.key ?? key);
  const app = makeApp();
  const refusedKey = { code: AUTH_ERROR, message: "unauthorized" };

  await group("registering", async () => {
    const mail = `core-${Date.now()}@example.com`;
    const users = app.emailPasswordAuth;
    await works(users.registerUser({ email: mail, password }), "registerUser");
    await refused(users.registerUser({ email: mail, password }), { code: NAME_IN_USE, message: "name already in use" },
      "registerUser a second time");
    await refused(users.registerUser({ email: `b${mail}`, password: "12345" }),
      { message: /password must be between 6 and 128 characters/ }, "registerUser with a short password");
    const user = await works(app.logIn(byPassword(mail)), "who registered logs in");
    await control("user", "disable", user.id);
    await refused(app.logIn(byPassword(mail)), { code: USER_DISABLED }, "logIn of a disabled user");
    await calls();
    await refused(user.apiKeys.fetchAll(), { code: INVALID_SESSION }, "the session of a disabled user is over");
    equal([user.isLoggedIn, await calls()], [false, ["GET /auth/api_keys"]], "which the client knows after one call");
    await control("user", "enable", user.id);
    const back = await works(app.logIn(byPassword(mail)), "enabled again, the user logs in");
    equal(back.id, user.id, "as the same user");
    await works(app.deleteUser(back), "deleteUser");
    await refused(app.logIn(byPassword(mail)), { code: INVALID_PASSWORD, message: "unauthorized" },
      "logIn of a deleted user");
  });

  await group("logging in", async () => {
    await calls();
    const user = await app.logIn(byPassword());
    equal(await calls(), [`POST /app/${world.app}/auth/providers/local-userpass/login`, "GET /auth/profile"],
      "logIn: two calls, and the location is known");
    equal(user.id, world.user, "logIn: the user's id");
    equal([user.isLoggedIn, user.providerType, user.identities.length], [true, "local-userpass", 1], "logIn: what it was");
    ok(/^[0-9a-f]{24}$/.test(user.deviceId) && !/^0*$/.test(user.deviceId), "logIn: a device of its own", user.deviceId);
    equal(user.profile, { email }, "logIn: the profile");
    equal(await user.refreshCustomData(), {}, "refreshCustomData, by the refresh token");
    equal(await calls(), ["POST /auth/session"], "is one call");
    await refused(app.logIn(byPassword(email, "wrong horse")), { code: INVALID_PASSWORD, message: "unauthorized" },
      "logIn with a wrong password");
    await refused(app.logIn(byKey("ukey" + "A".repeat(60))), refusedKey, "logIn with a key that never was");
    await control("answers");
    await app.logIn(byPassword());
    const [{ asked }] = await control("answers");
    equal(asked.options.device.appId, world.app, "the client tells its device");
  });

  await group("keys", async () => {
    const user = await app.logIn(byPassword());
    equal(await user.apiKeys.fetchAll(), [], "fetchAll of nothing");
    const key = await user.apiKeys.create("core");
    equal([key.name, key.disabled, key._id.length, key.key.length], ["core", false, 24, 64], "create");
    const { _id: id } = key;
    const same = { _id: id, name: "core", disabled: false };
    equal(await user.apiKeys.fetch(id), same, "fetch");
    equal(await user.apiKeys.fetchAll(), [same], "fetchAll");
    await refused(user.apiKeys.create("core"), { code: KEY_EXISTS, message: "API key with name already exists" },
      "a name that is taken");
    await refused(user.apiKeys.create("a b"), { code: INVALID_PARAMETER,
      message: /can only contain ASCII letters, numbers, underscores, and hyphens/ }, "a name with a space");
    await refused(user.apiKeys.create(""), { code: UNKNOWN, message: "'name' is a required string" }, "no name");
    await user.apiKeys.disable(id);
    equal((await user.apiKeys.fetch(id)).disabled, true, "disable");
    await works(user.apiKeys.disable(id), "disable a second time");
    await refused(makeApp().logIn(byKey(key)), refusedKey, "logIn with a disabled key");
    await user.apiKeys.enable(id);
    equal((await user.apiKeys.fetch(id)).disabled, false, "enable");
    const keyed = await works(app.logIn(byKey(key)), "logIn with a key");
    equal([keyed.id, keyed.providerType, keyed.identities.length], [world.user, "api-key", 2], "it is its owner");
    for (const call of ["fetchAll", "create", "fetch", "enable", "disable", "delete"]) {
      await refused(keyed.apiKeys[call](...(call === "fetchAll" ? [] : [call === "create" ? "x" : id])),
        { code: HTTP_ERROR, message: /403/ }, `a session by key cannot ${call}`);
    }
    const owner = await app.logIn(byPassword());
    await works(owner.apiKeys.delete(id), "delete");
    for (const call of ["fetch", "enable", "disable", "delete"]) {
      await refused(owner.apiKeys[call](id), { code: KEY_NOT_FOUND, message: "API key not found" }, `${call} of a deleted key`);
    }
    await refused(app.logIn(byKey(key)), refusedKey, "logIn with a deleted key");
    await refused(makeApp({ app: world.second, url: world.url }).logIn(byPassword()), { code: INVALID_PASSWORD },
      "a user of one app is none of the other");
  });

  await group("an access token that has expired", async () => {
    const mail = `core-${Date.now()}@example.com`;
    const brief = makeApp(world.brief);
    await brief.emailPasswordAuth.registerUser({ email: mail, password });
    const user = await brief.logIn(byPassword(mail));
    await sleep(4100);
    await calls();
    await works(brief.deleteUser(user), "deleteUser with it");
    equal(await calls(), ["DELETE /auth/delete", "POST /auth/session", "DELETE /auth/delete"],
      "it is refreshed, once, and the call repeated");
  });

  await group("sessions that end", async () => {
    const user = await app.logIn(byPassword());
    equal((await control("admin", world.app, "PUT", `/users/${user.id}/logout`)).status, 204, "an administrator logs a user out");
    await calls();
    await refused(user.refreshCustomData(), { code: INVALID_SESSION, message: /failed to find refresh token/ },
      "the session is over");
    equal(await calls(), ["POST /auth/session"], "and the client asks once");
    const again = await app.logIn(byPassword());
    await calls();
    await works(again.logOut(), "logOut");
    equal([again.isLoggedIn, await calls()], [false, ["DELETE /auth/session"]], "tells the service");
    await refused(again.apiKeys.fetchAll(), { message: "expected Authorization header with JWT (Bearer schema)" },
      "nothing works after logOut");
  });

  await group("anonymous users and other apps", async () => {
    const user = await works(app.logIn(Realm.Credentials.anonymous()), "logIn anonymously");
    await refused(user.apiKeys.create("x"), { code: HTTP_ERROR, message: /403/ }, "have no keys");
    await works(app.deleteUser(user), "deleteUser");
    await refused(makeApp({ app: "no-such-app", url: world.url }).logIn(byPassword()),
      { code: UNKNOWN, message: "cannot find app using Client App ID 'no-such-app'" }, "an app id that nobody has");
    equal((await calls()).pop(), "GET /app/no-such-app/location", "is found out before a password is sent");
  });
}
