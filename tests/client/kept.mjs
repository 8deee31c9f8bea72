// A page that is loaded again finds its user where it was.

import { equal, group, ok, works } from "./harness.mjs";

export default async function script(Realm, world) {
  const app = new Realm.App({ id: world.app, baseUrl: world.url });

  if (!localStorage.getItem("kept")) {
    await group("the first time", async () => {
      const user = await app.logIn(Realm.Credentials.emailPassword(world.email, world.password));
      localStorage.setItem("kept", JSON.stringify([user.id, user.deviceId]));
      equal(user.id, world.user, "logIn");
    });
    return;
  }
  await group("loaded again", async () => {
    const [id, device] = JSON.parse(localStorage.getItem("kept"));
    const user = app.currentUser;
    equal(user?.id, id, "the user is still there");
    await works(user.refreshProfile(), "the access token is still good");
    await works(user.refreshAccessToken(), "and the refresh token");
    equal(await user.apiKeys.fetchAll(), [], "for keys too");
    const again = await app.logIn(Realm.Credentials.emailPassword(world.email, world.password));
    equal(again.deviceId, device, "the device is the same one");
    await again.logOut();
    ok(!again.isLoggedIn, "logOut");
  });
}
