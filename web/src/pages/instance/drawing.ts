// The BPMN document of an app: the names of its elements, and whether it says where they are drawn.

import { send } from "../../api/client";
import { problemOf } from "../../api/problem";

export type Drawing = {
  xml: string;
  isDrawn: boolean;
  /** Names by the ids of elements, in the order of the document; an element without a name has its id. */
  names: ReadonlyMap<string, string>;
};

const MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL";

/**
 * Read the BPMN document of an app's version.
 *
 * @throws Problem it may not be seen, or is gone.
 */
export async function readDrawing(app: string, version: number): Promise<Drawing> {
  const answer = await send(
    new Request(new URL(`/api/v1/apps/${encodeURIComponent(app)}/versions/${version}/diagram`, location.href)),
  );
  if (!answer.ok) {
    throw await problemOf(answer);
  }
  const xml = await answer.text();
  const document = new DOMParser().parseFromString(xml, "application/xml");
  const names = new Map<string, string>();
  for (const element of document.getElementsByTagNameNS(MODEL, "*")) {
    const id = element.getAttribute("id");
    const name = element.getAttribute("name")?.trim().replace(/\s+/g, " ");
    if (id !== null && name) {
      names.set(id, name);
    }
  }
  return { xml, isDrawn: answer.headers.get("Satchel-Layout") !== "none", names };
}
