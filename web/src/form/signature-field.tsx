// A signature: drawn with a finger, a pen or the mouse, or a picture of one.
//
// The strokes are sent a moment after the last one; a form that is sent before waits for them.

import { useEffect, useMemo, useRef } from "preact/hooks";

import { Icon } from "../components/icon";
import { texts } from "../texts";
import { acceptOf } from "../uploads/check";
import { addFiles, type Row, remove, uploadsFor } from "../uploads/queue";
import { SignatureSending } from "../uploads/signature";
import { useArrivals } from "./arrivals";
import { type FileProps, limitsOf } from "./file-field";
import { HeldItem } from "./file-list";
import type { FileValue } from "./file-order";
import { SignaturePad } from "./signature-pad";
import { UploadItem } from "./upload-item";

const words = texts.fields;

/** A field holds one signature: the one that arrived last. */
function newestOf(value: readonly FileValue[], rows: readonly Row[]): FileValue[] {
  const done = rows.filter((row) => row.state.value.is === "done" && row.ticket.value !== null);
  const ticket = done[done.length - 1]?.ticket.value ?? null;
  return ticket === null ? [...value] : [ticket];
}

export function SignatureField(props: FileProps) {
  const { field, target, value, held, fault, describedBy, isRequired, onChange } = props;
  const newest = useRef(props);
  newest.current = props;
  useArrivals({ field, target, value, held, onChange, merge: newestOf });
  const rows = uploadsFor(target, field.id).value;
  const input = useRef<HTMLInputElement>(null);
  const sending = useMemo(
    () => new SignatureSending(target, field.id, (ticket) => newest.current.onChange([ticket])),
    [target, field.id],
  );
  const state = sending.state.value;
  const labelId = `${field.id}-label`;
  const stored = held.filter((file) => value.includes(file.id));

  useEffect(() => {
    const retry = () => sending.retryNow();
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, [sending]);

  useEffect(() => {
    if (stored.length > 0) {
      sending.claimed(); // the form was saved: the signature is a file now
    }
  }, [stored.length, sending]);

  const help = (
    <p class="help">
      <span>
        {words.sign}
        <button class="link as-link" type="button" onClick={() => input.current?.click()}>
          {words.signUpload}
        </button>
        .
      </span>
      <span role="status">
        {state.is === "stored" && <span class="good">{words.signStored}</span>}
        {state.is === "sending" && words.signSending}
        {state.is === "broken" && <span class="warn">{words.signOffline}</span>}
      </span>
    </p>
  );

  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would change how its parts are laid out
    <div class="file-field" role="group" aria-labelledby={labelId} aria-describedby={describedBy}>
      {rows.length > 0 ? (
        <ul class="list" aria-labelledby={labelId}>
          {rows.map((row) => (
            <UploadItem
              key={row.key}
              row={row}
              hasRoom={rows.length < 2}
              onRemove={() => {
                remove(row);
                onChange(value.filter((id) => id !== row.ticket.peek()));
              }}
            />
          ))}
        </ul>
      ) : stored.length > 0 ? (
        <ul class="list" aria-labelledby={labelId}>
          {stored.map((file) => (
            <HeldItem key={file.id} file={file}>
              <button class="button plain" type="button" onClick={() => onChange([])}>
                {words.signAgain}
              </button>
            </HeldItem>
          ))}
        </ul>
      ) : (
        <>
          <SignaturePad
            isRequired={isRequired}
            isInvalid={fault !== undefined}
            onStroke={(path) => sending.draw(path)}
            onClear={() => {
              sending.clear();
              onChange([]);
            }}
          />
          {help}
        </>
      )}
      {state.is === "refused" && (
        <p class="error" role="alert">
          <Icon name="alert" />
          {state.reason}
        </p>
      )}
      <input
        ref={input}
        type="file"
        hidden
        accept={acceptOf(limitsOf(field, 0)).join(",")}
        onChange={(event) => {
          const files = Array.from(event.currentTarget.files ?? [], (file) => ({ file }));
          event.currentTarget.value = "";
          if (files.length > 0) {
            sending.clear();
            addFiles(target, field.id, files, limitsOf(field, 0));
          }
        }}
      />
    </div>
  );
}
