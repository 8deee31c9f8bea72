// Linking: somebody becomes a person without becoming somebody else.  For
// realm-web and for realm-core, whose errors have only the message in common.
//
// realm-web 1 repeats a call by access token after any 401, without end: of
// this it is world.tries that the service has enough.

import { calls, equal, group, ok, refused, sleep, works } from "./harness.mjs";

const link = "POST /app/ID/auth/providers/local-userpass/login";

export default async function script(Realm, world) {
  const { password } = world;
  const makeApp = (at = world) => new Realm.App({ id: at.app, baseUrl: at.url });
  const byPassword = (mail, word = password) => Realm.Credentials.emailPassword(mail, word);
  const app = makeApp();
  const asked = async (id = world.app) => (await calls()).map((c) => c.replace(id, "ID"));
  let number = 0;

  async function somebody(at = app) {
    const mail = `link-${Date.now()}-${++number}@example.com`;
    await at.emailPasswordAuth.registerUser({ email: mail, password });
    return mail;
  }

  await group("linking", async () => {
    const mail = await somebody();
    const taken = await somebody();
    await app.removeUser(await app.logIn(byPassword(taken)));
    const user = await app.logIn(Realm.Credentials.anonymous(false));
    const { id } = user;
    for (const [what, credentials, message] of [
      ["a wrong password", byPassword(await somebody(), "wrong horse"), /invalid username.password/],
      ["nobody's address", byPassword(`no-${mail}`), /invalid username.password/],
      ["another user's address", byPassword(taken), /a user already exists with the specified provider/],
    ]) {
      await calls();
      await refused(user.linkCredentials(credentials), { message: world.tries ? /try again later/ : message },
        `linkCredentials with ${what}`);
      const made = await asked();
      const tried = made.filter((c) => c === link).length;
      equal([tried, made.length], world.tries ? [world.tries + 1, 2 * world.tries + 1] : [1, 1],
        world.tries ? "is tried as often as the service lets it" : "is one call, and no more");
      ok(user.isLoggedIn, "and the session stands");
    }
    await refused(user.linkCredentials(Realm.Credentials.apiKey("ukey" + "A".repeat(60))), { message: /linking a key/ },
      "linkCredentials with a key");
    equal((await asked()).length, 1, "is one call");
    await works(user.linkCredentials(byPassword(mail)), "linkCredentials with an address that waits");
    equal(await asked(), [link, "GET /auth/profile"], "is one call, and one for the profile");
    equal([user.id, user.identities.length], [id, 2], "it is the same user, with one identity more");
    const key = await works(user.apiKeys.create("linked"), "who now has keys");
    const second = await somebody();
    await calls();
    await refused(user.linkCredentials(byPassword(second)), { message: /unauthorized/ }, "a second address is refused");
    equal((await asked()).length, 1, "in one call");
    await user.logOut();
    const person = await works(app.logIn(byPassword(mail)), "logIn with the address");
    equal([person.id, person.profile.email], [id, mail], "it is the user who was nobody in particular");
    equal((await makeApp().logIn(Realm.Credentials.apiKey(key.key))).id, id, "by key as well");
    equal((await app.logIn(byPassword(second))).identities.length, 1, "the second address is a user of its own");
  });

  await group("linking with an access token that has expired", async () => {
    const brief = makeApp(world.brief);
    const mail = await somebody(brief);
    const user = await brief.logIn(Realm.Credentials.anonymous(false));
    await sleep(4100);
    await calls();
    if (Realm.Realm) {
      // The core leaves it to the program.
      await user.refreshCustomData();
    }
    await works(user.linkCredentials(byPassword(mail)), "linkCredentials");
    const made = await asked(world.brief.app);
    equal([made.filter((c) => c === "POST /auth/session").length, made.filter((c) => c === link).length <= 2], [1, true],
      "is refreshed for once", made);
    equal(user.identities.length, 2, "and is done");
  });
}
