// A refusal, as the API words it (RFC 9457), or as the browser met it.

import { texts } from "../texts";

type Document = {
  code: string;
  status: number;
  detail: string;
  request_id?: string;
  errors?: readonly Fault[];
};

/** What is wrong with one value: the field's id (`lines/2/quantity` in a table), and a sentence. */
export type Fault = { message: string; field?: string; pointer?: string; code?: string };

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | undefined;
  readonly faults: readonly Fault[];

  constructor(document: Document) {
    super(document.detail);
    this.code = document.code;
    this.status = document.status;
    this.requestId = document.request_id;
    this.faults = document.errors ?? [];
  }

  /** Read a problem document; what is none is said to be an answer that nobody expected. */
  static from(body: unknown, status: number): Problem {
    if (typeof body === "object" && body !== null && "code" in body && "detail" in body) {
      return new Problem({ ...(body as Document), status });
    }
    return new Problem({ code: "unexpected", status, detail: texts.problems.unexpected(status) });
  }
}

/** Return an answer that refuses as a problem. */
export async function problemOf(answer: Response): Promise<Problem> {
  const body: unknown = await answer.json().catch(() => null);
  return Problem.from(body, answer.status);
}

/** Return anything that was thrown as a problem; what is no problem is a fault of the application. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  console.error(error);
  return new Problem({ code: "fault", status: 0, detail: texts.problems.fault });
}
