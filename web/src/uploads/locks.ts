// One page of a browser sends an upload, never two: each holds a lock of the browser for as long as it has the row.

const PATIENCE_MS = 1_500;
const held = new Map<string, () => void>();

/** Hold the lock of an upload. Returns false where another page of this browser has it. */
export async function hold(key: string): Promise<boolean> {
  if (held.has(key) || navigator.locks === undefined) {
    return true; // browsers have locks for https and this machine only
  }
  return new Promise((resolve) => {
    // A page that was just reloaded may hold it for a moment still.
    const options = { signal: AbortSignal.timeout(PATIENCE_MS) };
    navigator.locks
      .request(
        `satchel upload ${key}`,
        options,
        () =>
          new Promise<void>((free) => {
            held.set(key, free);
            resolve(true);
          }),
      )
      .catch(() => resolve(false));
  });
}

export function release(key: string): void {
  held.get(key)?.();
  held.delete(key);
}
