/** To come. */
export function Start() {
  return null;
}
