// A page that may not: what the browser lets it see of the service.

import { equal, group, refused } from "./harness.mjs";

const kept = { name: "TypeError", statusCode: undefined };

export default async function script(Realm, world) {
  const credentials = Realm.Credentials.emailPassword(world.email, world.password);
  const base = `${world.url}/api/client/v2.0`;

  await group("a stranger", async () => {
    await refused(new Realm.App({ id: world.app, baseUrl: world.url }).logIn(credentials), kept,
      "realm-web: the location");
    const direct = new Realm.App({ id: world.app, baseUrl: world.url, skipLocationRequest: true });
    await refused(direct.logIn(credentials), kept, "realm-web: logIn");
    await refused(direct.emailPasswordAuth.registerUser({ email: "e@example.com", password: "whatever" }), kept,
      "realm-web: registerUser");
    equal(direct.currentUser, null, "realm-web: nobody is logged in");
    for (const [method, path] of world.tokens
      ? [["GET", "/auth/profile"], ["POST", "/auth/session"], ["GET", "/auth/api_keys"], ["DELETE", "/auth/session"]]
      : []) {
      const token = path === "/auth/profile" ? world.tokens.access : world.tokens.refresh;
      await refused(fetch(base + path, { method, headers: { Authorization: `Bearer ${token}` } }), kept,
        `with a good token: ${method} ${path}`);
    }
    // Without the question first: the call arrives, and its answer does not.
    await refused(fetch(`${base}/app/${world.app}/auth/providers/anon-user/login`, { method: "POST" }), kept,
      "a call that needs no preflight");
  });
}
