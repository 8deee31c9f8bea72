// In the place of the package `debug`, which is not made for pages: says
// nothing.

export default function createDebug() {
  const silent = () => {};
  silent.extend = createDebug;
  return silent;
}
