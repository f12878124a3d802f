// The BPMN document of an app's version, which never changes.

import { send } from "../../api/client";
import { problemOf } from "../../api/problem";

export type Drawing = {
  xml: string;
  /** Whether it says where its elements are drawn. */
  isLaidOut: boolean;
};

/** @throws Problem it may not be seen, or the server cannot be reached. */
export async function readDrawing(app: string, version: number): Promise<Drawing> {
  const path = `/api/v1/apps/${encodeURIComponent(app)}/versions/${version}/diagram`;
  const answer = await send(new Request(new URL(path, location.href)));
  if (!answer.ok) {
    throw await problemOf(answer);
  }
  return { xml: await answer.text(), isLaidOut: answer.headers.get("Satchel-Layout") === "whole" };
}
