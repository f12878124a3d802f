// Tickets of the server: a number for each file, reserved before its bytes and given back for what is taken out.

import { api, send } from "../api/client";
import { Problem } from "../api/problem";
import type { Row, Target } from "./rows";
import { type End, endOfAnswer } from "./sending";

type Wish = { size: number; name: string; media_type: string | null; field: string | null; target: Target };

/**
 * Reserve a ticket. The same key asks for the same ticket, so that an answer that got lost costs nothing.
 *
 * @returns its number, or why there is none.
 */
export async function reserve({ target, ...wish }: Wish, key: string): Promise<number | End> {
  const place =
    "task" in target ? { task: target.task } : "app" in target ? { app: target.app } : { instance: target.instance };
  try {
    const answer = await send(
      new Request(new URL("/api/v1/uploads", location.href), {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": key },
        body: JSON.stringify({ ...wish, ...place }),
      }),
    );
    const body: unknown = await answer.json().catch(() => null);
    if (answer.status === 201 && typeof body === "object" && body !== null && "id" in body) {
      return body.id as number;
    }
    const end = endOfAnswer(answer.status, body, answer.headers.get("Retry-After"));
    return end.is === "gone" ? { is: "refused", problem: end.problem } : end;
  } catch (error) {
    if (error instanceof Problem) {
      return { is: "broken" };
    }
    throw error;
  }
}

/** Those that the person took out: they are not shown again, whenever the server lists them. */
export const givenBack = new Set<number>();

const AGAIN_MS = [500, 2_000, 5_000, 15_000, 60_000];

/** End a ticket. Where the server cannot be reached, again a little later; without an end, it expires. */
export function giveBack(ticket: number, tries = 0): void {
  givenBack.add(ticket);
  const again = () => {
    const ms = AGAIN_MS[tries];
    if (ms !== undefined) {
      setTimeout(() => giveBack(ticket, tries + 1), ms);
    }
  };
  api
    .DELETE("/api/v1/uploads/{upload}", { params: { path: { upload: ticket } } })
    .then(({ response }) => (response.status === 409 || response.status >= 500) && again(), again);
}

export function wishOf(row: Row): Wish {
  return {
    size: row.size,
    name: row.name,
    media_type: row.type === "" ? null : row.type,
    field: row.field,
    target: row.target,
  };
}
