/** To come. */
export function Task() {
  return null;
}
