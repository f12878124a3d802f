// Renaming and describing a file, or a link to one that is kept elsewhere.

import { useState } from "preact/hooks";

import { api, type Schemas, take } from "../api/client";
import { asProblem, type Problem } from "../api/problem";
import { announce } from "../components/announce";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icon";
import { ProblemNote } from "../components/state";
import { texts } from "../texts";
import type { StoredFile } from "./file";

const words = texts.file.edit;
const MOST_DESCRIPTION = 2000;

/** Whether a person may change the name or the description of a file. */
export function mayEdit(file: StoredFile): boolean {
  return file.may?.includes("rename") === true || file.may?.includes("describe") === true;
}

type Props = { file: StoredFile; onClose: () => void; onChange: () => void };

/** Ask for a new name and description; what is typed stays until the server has it. */
export function EditFile({ file, onClose, onChange }: Props) {
  const [name, setName] = useState(file.name);
  const [description, setDescription] = useState(file.description);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [revision, setRevision] = useState(file.revision);
  const isEmpty = name.trim() === "";
  const [isTold, setTold] = useState(false);
  const fault =
    isTold && isEmpty
      ? words.nameMissing
      : (problem?.faults.find((one) => one.field !== "description")?.message ?? null);
  const described = problem?.faults.find((one) => one.field === "description")?.message ?? null;

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    setTold(true);
    if (isEmpty || isBusy) {
      return;
    }
    const body: Schemas["FileChange"] = {
      ...(name.trim() === file.name ? {} : { name: name.trim() }),
      ...(description === file.description ? {} : { description }),
    };
    if (Object.keys(body).length === 0) {
      onClose();
      return;
    }
    setBusy(true);
    const path = { file: file.id };
    try {
      const params = { path, header: { "If-Match": `"${revision}"` } };
      await take(api.PATCH("/api/v1/files/{file}", { params, body }));
      announce(words.saved(name.trim()));
      onClose();
      onChange();
    } catch (error) {
      const found = asProblem(error);
      if (found.status === 412) {
        const newest = await take(api.GET("/api/v1/files/{file}", { params: { path } })).catch(() => null);
        setRevision(newest?.revision ?? revision);
        onChange(); // the newest is shown behind, and what was typed stays here
      }
      setProblem(found);
      setBusy(false);
    }
  }

  return (
    <Dialog title={words.title} onClose={onClose}>
      <form class="stack" noValidate onSubmit={submit} aria-busy={isBusy}>
        {problem !== null && problem.faults.length === 0 && <ProblemNote problem={problem} />}
        <div class="field">
          <label for="file-name">{words.name}</label>
          <input
            id="file-name"
            autofocus
            autocomplete="off"
            maxLength={200}
            value={name}
            aria-required="true"
            aria-invalid={fault !== null}
            aria-describedby={fault === null ? undefined : "file-name-fault"}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setProblem(null);
            }}
          />
          <Fault id="file-name-fault" message={fault} />
        </div>
        <div class="field">
          <label for="file-description">
            {texts.file.description} <span class="need">{texts.task.optional}</span>
          </label>
          <textarea
            id="file-description"
            rows={3}
            maxLength={MOST_DESCRIPTION}
            value={description}
            aria-invalid={described !== null}
            aria-describedby={described === null ? undefined : "file-description-fault"}
            onInput={(event) => {
              setDescription(event.currentTarget.value);
              setProblem(null);
            }}
          />
          <Fault id="file-description-fault" message={described} />
        </div>
        <div class="row-of end">
          <button class="button" type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="button first" type="submit">
            {words.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Fault({ id, message }: { id: string; message: string | null }) {
  return message === null ? null : (
    <p class="error" id={id} role="alert">
      <Icon name="alert" />
      {message}
    </p>
  );
}
