import { useRef, useState } from "preact/hooks";

import { api, type Schemas, take } from "../api/client";
import { asProblem } from "../api/problem";
import { announce } from "../components/announce";
import { Icon } from "../components/icon";
import { bytes } from "../format";
import { texts } from "../texts";
import { uploadFile } from "./upload";

const words = texts.file;

type Props = {
  instance: number;
  /** The field that the files go into; null: the attachments. */
  field: Schemas["Field"] | null;
  /** How many files the place holds. */
  held: number;
  onDone: () => void;
};

/** A button that adds files to an instance; each one says why it was refused, and stops no other. */
export function AddFiles({ instance, field, held, onDone }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [sent, setSent] = useState<{ done: number; all: number } | null>(null);

  async function add(chosen: File[]) {
    const all = chosen.reduce((sum, file) => sum + file.size, 0);
    const arrived: number[] = [];
    const refused: string[] = [];
    let before = 0;
    setSent({ done: 0, all });
    for (const [index, file] of chosen.entries()) {
      const fault = faultOf(file, field, held + index);
      try {
        if (fault === null) {
          const start = before;
          const target = { instance, field: field?.id ?? null };
          arrived.push(await uploadFile(target, file, (done) => setSent({ done: start + done, all })));
        } else {
          refused.push(`${file.name}: ${fault}`);
        }
      } catch (error) {
        refused.push(`${file.name}: ${asProblem(error).message}`);
      }
      before += file.size;
    }
    await claim(arrived, refused);
    setSent(null);
    onDone();
  }

  async function claim(arrived: number[], refused: string[]) {
    try {
      if (arrived.length > 0) {
        await take(
          api.POST("/api/v1/instances/{instance}/files", {
            params: { path: { instance } },
            body: {
              uploads: arrived,
              field: field?.id ?? null,
              kind: null,
              url: null,
              name: null,
              description: "",
              area: null,
            },
          }),
        );
      }
    } catch (error) {
      refused.push(asProblem(error).message);
    }
    const isBad = refused.length > 0;
    announce(isBad ? refused.join(" ") : words.added(arrived.length), { tone: isBad ? "bad" : "good" });
  }

  if (sent !== null) {
    return (
      <span class="row-of small quiet" role="status">
        <span class="mono">{texts.uploads.of(bytes(sent.done), bytes(sent.all))}</span>
        <progress class="bar" value={sent.done} max={sent.all} aria-label={texts.uploads.inAll} />
      </span>
    );
  }
  const name = field?.label ?? texts.instance.attachments;
  return (
    <>
      <input
        ref={input}
        type="file"
        hidden
        multiple={field?.max_files !== 1}
        accept={(field?.accept ?? []).join(",")}
        onChange={(event) => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = "";
          if (chosen.length > 0) {
            void add(chosen);
          }
        }}
      />
      <button class="button plain" type="button" onClick={() => input.current?.click()}>
        <Icon name="plus" />
        {texts.instance.add}
        <span class="visually-hidden">: {name}</span>
      </button>
    </>
  );
}

/** Return why a file is not sent; null where the server decides. */
function faultOf(file: File, field: Schemas["Field"] | null, held: number): string | null {
  const refused = texts.uploads.refused;
  if (field?.max_bytes != null && file.size > field.max_bytes) {
    return refused.large(bytes(file.size), bytes(field.max_bytes));
  }
  if (field?.max_files != null && held >= field.max_files) {
    return refused.many(field.max_files);
  }
  return null;
}
