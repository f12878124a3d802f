/** To come. */
export function StartForm() {
  return null;
}
