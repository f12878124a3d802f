/** To come. */
export function Instance() {
  return null;
}
