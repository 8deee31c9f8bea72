// Tokens that an administrator has handed out: an address is confirmed, and a
// password set.  For realm-web, and for realm-core, which has numbers for codes.

import { control, equal, group, refused, works } from "./harness.mjs";

const NUMBERS = { UserAlreadyConfirmed: 4343, UserNotFound: 4344, BadRequest: 4347 };

export default async function script(Realm, world) {
  const { password } = world;
  const app = new Realm.App({ id: world.app, baseUrl: world.url });
  const users = app.emailPasswordAuth;
  const byPassword = (mail, word = password) => Realm.Credentials.emailPassword(mail, word);
  const error = (statusCode, errorCode, text) => Realm.Realm
    ? { code: NUMBERS[errorCode], message: text } : { statusCode, errorCode, error: text };
  const admin = (method, path, body) => control("admin", world.app, method, path, body);
  const bad = error(400, "BadRequest", "invalid token data");
  const nobody = `nobody-${Date.now()}@example.com`;
  let number = 0;

  async function somebody() {
    const email = `tokens-${Date.now()}-${++number}@example.com`;
    await users.registerUser({ email, password });
    return { email, user: await app.logIn(byPassword(email)) };
  }

  async function hand(user, purpose) {
    const { status, json } = await admin("POST", `/users/${user.id}/${purpose}_token`);
    equal(status, 201, `an administrator hands out a token: ${purpose}`);
    return { token: json.token, tokenId: json.tokenId };
  }

  await group("confirming", async () => {
    const { email, user } = await somebody();
    const given = await hand(user, "confirm");
    await refused(users.confirmUser({ ...given, token: "x" }), bad, "confirmUser with another token");
    await refused(users.confirmUser({ ...given, tokenId: "0".repeat(24) }), bad, "confirmUser with another id");
    await refused(users.resetPassword({ ...given, password: "whatever" }), bad, "resetPassword with it");
    await works(users.confirmUser(given), "confirmUser");
    await refused(users.confirmUser(given), bad, "confirmUser a second time");
    const confirmed = error(400, "UserAlreadyConfirmed", "already confirmed");
    await refused(users.resendConfirmationEmail({ email }), confirmed, "resendConfirmationEmail of a confirmed one");
    await refused(users.retryCustomConfirmation({ email }), confirmed, "retryCustomConfirmation of a confirmed one");
    const unknown = error(404, "UserNotFound", "user not found");
    await refused(users.retryCustomConfirmation({ email: nobody }), unknown, "retryCustomConfirmation of nobody");
    const other = await somebody();
    await works(users.resendConfirmationEmail({ email: other.email }), "resendConfirmationEmail");
    await refused(users.retryCustomConfirmation({ email: other.email }),
      error(400, "BadRequest", `failed to confirm user "${other.email}"`), "retryCustomConfirmation");
    await app.removeUser(other.user);
    await app.removeUser(user);
  });

  await group("a new password", async () => {
    const { email, user } = await somebody();
    await works(users.sendResetPasswordEmail({ email }), "sendResetPasswordEmail");
    const given = await hand(user, "reset");
    await refused(users.resetPassword({ ...given, password: "12345" }),
      error(400, "BadRequest", "password must be between 6 and 128 characters"), "resetPassword to a short one");
    await refused(users.resetPassword({ ...given, token: "x", password: "new horse" }), bad, "with another token");
    await works(users.resetPassword({ ...given, password: "new horse" }), "resetPassword");
    await refused(users.resetPassword({ ...given, password: "newer horse" }), bad, "a second time");
    await refused(user.apiKeys.fetchAll(), {}, "the sessions from before are over");
    await refused(app.logIn(byPassword(email)), {}, "the old password is none any more");
    const back = await works(app.logIn(byPassword(email, "new horse")), "logIn with the new one");
    equal(back.id, user.id, "as the same user");
    const more = await hand(user, "reset");
    const call = (details, ...argv) => users.callResetPasswordFunction(details, ...argv);
    await refused(call({ email, password: "newest horse" }),
      error(400, "BadRequest", `failed to reset password for user "${email}"`), "callResetPasswordFunction with nothing");
    await refused(call({ email: nobody, password: "newest horse" }, more.tokenId, more.token),
      error(404, "UserNotFound", "user not found"), "callResetPasswordFunction of nobody");
    await works(call({ email, password: "newest horse" }, more.tokenId, more.token), "callResetPasswordFunction");
    const last = await works(app.logIn(byPassword(email, "newest horse")), "logIn with that one");
    await app.removeUser(last);
  });
}
