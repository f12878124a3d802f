// The list that a task was opened from, so that its page can name the next one.

let tasks: readonly number[] = [];
let address = "/work";

export function setNeighbours(shown: readonly number[], from: string): void {
  tasks = shown;
  address = from;
}

export function listAddress(): string {
  return address;
}

/** Where a task stands in the list that was shown last, from 1, and the one after it; null where it is not in it. */
export function neighbours(task: number): { at: number; of: number; next: number | null } | null {
  const index = tasks.indexOf(task);
  return index < 0 ? null : { at: index + 1, of: tasks.length, next: tasks[index + 1] ?? null };
}
