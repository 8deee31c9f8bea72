// The official client, unmodified, doing what its manual says.
//
// Prints one line of JSON for each check: {"ok": bool, "text": ..., "notes":
// [...]}.  realm_web.t starts the services and turns the lines into TAP.

import { execFileSync } from "node:child_process";
import * as Realm from "realm-web";

const world = JSON.parse(process.argv[2]);

function ok(good, text, ...notes) {
  const shown = good ? [] : notes.map((n) => n instanceof Error ? n.stack : JSON.stringify(n));
  console.log(JSON.stringify({ ok: Boolean(good), text, notes: shown }));
}

function equal(got, want, text) {
  ok(JSON.stringify(got) === JSON.stringify(want), text, { got, want });
}

// The promise must be rejected by an error of the service with these fields.
async function refused(promise, want, text) {
  try {
    const value = await promise;
    ok(false, text, { "was accepted": value });
  } catch (error) {
    const got = Object.fromEntries(Object.keys(want).map((name) => [name, error[name]]));
    for (const [name, value] of Object.entries(want)) {
      if (value instanceof RegExp && value.test(error[name])) {
        got[name] = value;
      }
    }
    ok(Object.keys(want).every((name) => got[name] === want[name]), text, got, error);
  }
}

async function group(name, run) {
  try {
    await run();
  } catch (error) {
    ok(false, `${name} ran to its end`, error);
  }
}

function admin(...argv) {
  execFileSync(world.server, ["user", ...argv, "--data", world.data]);
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// An app as a program makes it; its requests are counted on their way.
function makeApp(at = world, more = {}) {
  const requests = [];
  const app = new Realm.App({
    id: at.app,
    baseUrl: at.url,
    fetch: (url, init) => {
      requests.push(`${init?.method ?? "GET"} ${new URL(url).pathname}`);
      return fetch(url, init);
    },
    ...more,
  });
  return { app, requests };
}

const link = /logs\?co_id=/;
const REFUSED = { statusCode: 401, errorCode: "AuthError", error: "unauthorized", link };
const ended = { statusCode: 401, errorCode: "InvalidSession", link };
const { email, password } = world;
const credentials = Realm.Credentials.emailPassword(email, password);
const { app, requests } = makeApp();

await group("registering", async () => {
  const fresh = { email: "new@example.com", password };
  await app.emailPasswordAuth.registerUser(fresh);
  ok(true, "registerUser");
  const user = await app.logIn(Realm.Credentials.emailPassword(fresh.email, password));
  ok(user.isLoggedIn, "who registered logs in");
  await refused(app.emailPasswordAuth.registerUser(fresh),
    { statusCode: 409, errorCode: "AccountNameInUse", error: "name already in use", link },
    "registerUser a second time");
  await refused(app.emailPasswordAuth.registerUser({ email: "b@example.com", password: "12345" }),
    { statusCode: 400, error: /password must be between 6 and 128 characters/, link },
    "registerUser with a short password");
  await app.removeUser(user);
});

await group("logging in", async () => {
  const user = await app.logIn(credentials);
  equal(user.id, world.user, "logIn: the user's id");
  equal(app.currentUser.id, user.id, "logIn: the current user");
  ok(user.isLoggedIn, "logIn: isLoggedIn");
  equal(user.state, "active", "logIn: state");
  equal(user.providerType, "local-userpass", "logIn: providerType");
  equal(user.identities.map((i) => i.providerType), ["local-userpass"], "logIn: identities");
  ok(user.identities.every((i) => typeof i.id === "string"), "logIn: their ids");
  equal(user.accessToken.split(".").length, 3, "logIn: accessToken");
  equal(user.refreshToken.split(".").length, 3, "logIn: refreshToken");
  equal(typeof user.deviceId, "string", "logIn: deviceId");
  equal(user.customData, {}, "logIn: customData");
  equal(await user.refreshCustomData(), {}, "refreshCustomData");
  await user.refreshProfile();
  equal(user.profile !== undefined, true, "refreshProfile");
  await user.refreshAccessToken();
  await user.refreshProfile();
  ok(true, "refreshAccessToken, and the new one works");
  equal(requests.filter((r) => r.endsWith("/location")).length, 1, "location was asked for once");
  await refused(app.logIn(Realm.Credentials.emailPassword(email, "wrong horse")),
    { statusCode: 401, errorCode: "InvalidPassword", error: "unauthorized", link },
    "logIn with a wrong password");
  await refused(app.logIn(Realm.Credentials.apiKey("ukey" + "A".repeat(60))), REFUSED,
    "logIn with a key that never was");
});

await group("keys", async () => {
  const user = await app.logIn(credentials);
  equal(await user.apiKeys.fetchAll(), [], "fetchAll of nothing");
  const key = await user.apiKeys.create("first-key");
  equal(Object.keys(key).sort(), ["_id", "disabled", "key", "name"], "create: the fields");
  equal([key.name, key.disabled, typeof key._id, key._id.length, typeof key.key, key.key.length],
    ["first-key", false, "string", 24, "string", 64], "create: their values");
  const same = { _id: key._id, name: "first-key", disabled: false };
  const sorted = (o) => Object.fromEntries(Object.entries(o).sort());
  equal(sorted(await user.apiKeys.fetch(key._id)), sorted(same), "fetch: exactly these fields");
  const second = await user.apiKeys.create("second");
  equal((await user.apiKeys.fetchAll()).map((k) => sorted(k)),
    [sorted(same), sorted({ _id: second._id, name: "second", disabled: false })],
    "fetchAll: exactly these fields, in this order");
  equal(await user.apiKeys.disable(key._id) ?? null, null, "disable");
  equal((await user.apiKeys.fetch(key._id)).disabled, true, "then disabled is true");
  await user.apiKeys.disable(key._id);
  ok(true, "disable a second time");
  equal(await user.apiKeys.enable(key._id) ?? null, null, "enable");
  equal((await user.apiKeys.fetch(key._id)).disabled, false, "then disabled is false");
  await user.apiKeys.enable(key._id);
  ok(true, "enable a second time");
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
  const gone = { statusCode: 404, errorCode: "APIKeyNotFound", error: "API key not found", link };
  await refused(user.apiKeys.fetch(second._id), gone, "fetch of a deleted key");
  await refused(user.apiKeys.enable(second._id), gone, "enable of a deleted key");
  await refused(user.apiKeys.disable(second._id), gone, "disable of a deleted key");
  await refused(user.apiKeys.delete(second._id), gone, "delete of a deleted key");
  equal((await user.apiKeys.fetchAll()).map((k) => k.name), ["first-key"], "fetchAll after all");
  await user.apiKeys.delete(key._id);
});

await group("logging in with a key", async () => {
  const owner = await app.logIn(credentials);
  const key = await owner.apiKeys.create("login");
  const { app: other } = makeApp();
  const user = await other.logIn(Realm.Credentials.apiKey(key.key));
  equal(user.id, world.user, "logIn with a key: the owner's id");
  ok(user.identities.some((i) => i.providerType === "api-key"), "logIn with a key: the identity of the key");
  const denied = { statusCode: 403, error: undefined, errorCode: undefined };
  await refused(user.apiKeys.fetchAll(), denied, "a session by key cannot list keys");
  await refused(user.apiKeys.create("x"), denied, "a session by key cannot create one");
  await refused(user.apiKeys.delete(key._id), denied, "a session by key cannot delete its own");
  const again = await app.logIn(credentials);
  await again.apiKeys.disable(key._id);
  await refused(other.logIn(Realm.Credentials.apiKey(key.key)), REFUSED, "logIn with a disabled key");
  await again.apiKeys.enable(key._id);
  equal((await other.logIn(Realm.Credentials.apiKey(key.key))).id, world.user, "logIn with it, enabled again");
  const last = await app.logIn(credentials);
  await last.apiKeys.delete(key._id);
  await refused(other.logIn(Realm.Credentials.apiKey(key.key)), REFUSED, "logIn with a deleted key");
});

await group("a key that is disabled under a session", async () => {
  // Two apps of one id share their users' tokens, so the owner works by hand.
  const owner = await app.logIn(credentials);
  const key = await owner.apiKeys.create("under");
  const refresh = owner.refreshToken;
  const { app: other, requests: seen } = makeApp();
  const user = await other.logIn(Realm.Credentials.apiKey(key.key));
  const answer = await fetch(`${world.url}/api/client/v2.0/auth/api_keys/${key._id}/disable`,
    { method: "PUT", headers: { Authorization: `Bearer ${refresh}` } });
  equal(answer.status, 204, "the key of a session is disabled");
  seen.length = 0;
  await refused(user.refreshProfile(), ended, "the session is over");
  ok(seen.length <= 3, "and the client does not try for ever", seen);
  ok(!user.isLoggedIn, "the client knows that it is logged out");
});

await group("an access token that has expired", async () => {
  const { app: brief, requests: seen } = makeApp(world.brief);
  const user = await brief.logIn(Realm.Credentials.emailPassword(email, password));
  const old = user.accessToken;
  await sleep(3100);
  seen.length = 0;
  await user.refreshProfile();
  equal(seen.map((r) => r.split(" ")[0] + " " + r.split("/").pop()),
    ["GET profile", "POST session", "GET profile"],
    "an expired access token is refreshed, once, and the call repeated");
  ok(user.accessToken !== old, "the user has a new access token");
  const key = await user.apiKeys.create("brief");
  const keyed = await brief.logIn(Realm.Credentials.apiKey(key.key));
  await sleep(3100);
  await keyed.refreshProfile();
  ok(true, "the same in a session by key");
});

await group("logging out", async () => {
  const user = await app.logIn(credentials);
  const { refreshToken } = user;
  await user.logOut();
  equal(user.state, "logged-out", "logOut: state");
  equal([user.accessToken, user.refreshToken, user.isLoggedIn], [null, null, false], "logOut: no tokens");
  const answer = await fetch(`${world.url}/api/client/v2.0/auth/session`,
    { method: "POST", headers: { Authorization: `Bearer ${refreshToken}` } });
  equal(answer.status, 401, "logOut: the service has ended the session");
  await user.logOut();
  ok(true, "logOut a second time");
  await refused(user.apiKeys.fetchAll(), {}, "nothing works after logOut");
  const back = await app.logIn(credentials);
  equal(back.id, world.user, "logIn again");
  await app.removeUser(back);
  ok(!app.allUsers[world.user], "removeUser");
});

await group("anonymous users", async () => {
  const user = await app.logIn(Realm.Credentials.anonymous());
  ok(user.isLoggedIn && user.id !== world.user, "logIn anonymously");
  equal(user.identities.map((i) => i.providerType), ["anon-user"], "identities of an anonymous user");
  for (const [name, call] of [["create", () => user.apiKeys.create("x")], ["fetchAll", () => user.apiKeys.fetchAll()]]) {
    await refused(call(), { statusCode: 403, error: undefined, errorCode: undefined },
      `anonymous users have no keys: ${name}`);
  }
  const same = await app.logIn(Realm.Credentials.anonymous());
  equal(same.id, user.id, "a second time it is the same user");
  const other = await app.logIn(Realm.Credentials.anonymous(false));
  ok(other.id !== user.id, "unless another is asked for");
  await app.removeUser(user);
  await app.deleteUser(app.currentUser);
  ok(true, "deleteUser of an anonymous user");
});

await group("users that are disabled, and that delete themselves", async () => {
  const mail = "leaver@example.com";
  await app.emailPasswordAuth.registerUser({ email: mail, password });
  const own = Realm.Credentials.emailPassword(mail, password);
  const user = await app.logIn(own);
  const key = await user.apiKeys.create("k");
  admin("disable", user.id);
  await refused(app.logIn(own), { statusCode: 401, errorCode: "UserDisabled", link }, "logIn of a disabled user");
  await refused(app.logIn(Realm.Credentials.apiKey(key.key)),
    { statusCode: 401, errorCode: "UserDisabled", link }, "by key as well");
  requests.length = 0;
  await refused(user.refreshProfile(), ended, "the session of a disabled user is over");
  ok(requests.length <= 3, "and the client does not try for ever", requests);
  admin("enable", user.id);
  const back = await app.logIn(own);
  equal(back.id, user.id, "enabled again, the user logs in");
  await app.deleteUser(back);
  ok(true, "deleteUser");
  await refused(app.logIn(own), { statusCode: 401, errorCode: "InvalidPassword" }, "logIn of a deleted user");
  await refused(app.logIn(Realm.Credentials.apiKey(key.key)), REFUSED, "by key as well, once deleted");
});

await group("other apps and other ways", async () => {
  const { app: none } = makeApp({ app: "no-such-app", url: world.url });
  await refused(none.logIn(credentials), {
    statusCode: 404, error: "cannot find app using Client App ID 'no-such-app'",
  }, "an app id that nobody has");
  const { app: direct, requests: seen } = makeApp(world, { skipLocationRequest: true });
  equal((await direct.logIn(credentials)).id, world.user, "without asking for the location");
  ok(!seen.some((r) => r.endsWith("/location")), "and it was not asked for");
  const { app: named } = makeApp(world, { app: { name: "my-app", version: "1.2" } });
  equal((await named.logIn(credentials)).id, world.user, "with a local app name and version");
  const { app: lazy } = makeApp();
  equal((await lazy.logIn(credentials, false)).id, world.user, "without fetching the profile");
});
