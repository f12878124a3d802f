/**
 * Return a new Idempotency-Key: for one act, so that it is done once however often it is sent.
 *
 * `crypto.randomUUID` would need https.
 */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
