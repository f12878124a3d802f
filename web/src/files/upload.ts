// Sends a file to the server: a ticket reserves the space, then its bytes go there, with progress.

import { api, askToSignIn, session, take } from "../api/client";
import { Problem } from "../api/problem";
import { texts } from "../texts";

type Target = { instance: number; field: string | null };

/**
 * Upload a file. Returns the number of its upload.
 *
 * @throws Problem it is refused, or the server cannot be reached.
 */
export async function uploadFile(target: Target, file: File, onProgress: (sent: number) => void): Promise<number> {
  const ticket = await take(
    api.POST("/api/v1/uploads", {
      body: {
        instance: target.instance,
        field: target.field,
        size: file.size,
        name: file.name,
        media_type: file.type === "" ? null : file.type,
        task: null,
        app: null,
        area: null,
        sha256: null,
        metadata: null,
      },
    }),
  );
  await put(`/api/v1/uploads/${ticket.id}/content`, file, onProgress);
  return ticket.id;
}

async function put(address: string, file: File, onProgress: (sent: number) => void): Promise<void> {
  const answer = await putOnce(address, file, onProgress);
  if (answer.status === 401) {
    await askToSignIn();
    answer.body = (await putOnce(address, file, onProgress)).body;
  }
  if (answer.status >= 400) {
    throw Problem.from(answer.body, answer.status);
  }
}

function putOnce(address: string, file: File, onProgress: (sent: number) => void) {
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", session.value?.csrf_token ?? "");
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => resolve({ status: request.status, body: request.response });
    request.onerror = () => reject(new Problem({ code: "offline", status: 0, detail: texts.problems.offline }));
    request.send(file);
  });
}
