// What arrives goes into the value of its field.

import { effect, untracked } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { Schemas } from "../api/client";
import { claimed, isRestored, type Row, type UploadTarget, uploadsFor } from "../uploads/queue";
import { findFinished } from "../uploads/restore";
import { type FileValue, isPlace } from "./file-order";

type Arrivals = {
  field: { id: string };
  target: UploadTarget;
  value: readonly FileValue[];
  held: readonly Schemas["File"][];
  onChange: (value: FileValue[]) => void;
  /** The value once what has arrived is in it. */
  merge: (value: readonly FileValue[], rows: readonly Row[]) => FileValue[];
};

/**
 * Put what arrives into the field's value, at once: a form that waits for its uploads is sent as soon as none is under
 * way, which is before the page is drawn again.
 */
export function useArrivals(props: Arrivals): void {
  const newest = useRef(props);
  newest.current = props;
  const { field, target } = props;

  useEffect(() => {
    const uploads = uploadsFor(target, field.id);
    const set = (next: FileValue[]) => {
      const { value, onChange } = newest.current;
      if (next.length !== value.length || next.some((entry, index) => entry !== value[index])) {
        newest.current = { ...newest.current, value: next };
        onChange(next);
      }
    };
    const follow = effect(() => {
      const next = newest.current.merge(newest.current.value, uploads.value);
      untracked(() => set(next));
    });
    const forget = effect(() => {
      if (isRestored.value) {
        queueMicrotask(() => void dropUnknown());
      }
    });

    /** What a form remembers from before the page was loaded may have expired since. */
    const dropUnknown = async () => {
      const unknown = () => {
        const held = new Set(newest.current.held.map((file) => file.id));
        const known = new Set(uploads.peek().map((row) => row.ticket.peek()));
        const keys = new Set(uploads.peek().map((row) => row.key));
        const isGone = (entry: FileValue) =>
          typeof entry === "number" ? !held.has(entry) && !known.has(entry) : isPlace(entry) && !keys.has(entry.upload);
        return new Set(newest.current.value.filter(isGone));
      };
      if (unknown().size > 0) {
        await findFinished();
        const gone = unknown();
        set(newest.current.value.filter((entry) => !gone.has(entry)));
      }
    };
    return () => {
      follow();
      forget();
    };
  }, [target, field.id]);

  useEffect(() => {
    const next = props.merge(props.value, uploadsFor(target, field.id).peek());
    if (next.length !== props.value.length) {
      props.onChange(next); // the form began anew, and the uploads are still there
    }
  });

  useEffect(() => {
    const ids = props.held.map((file) => file.id);
    const files = uploadsFor(target, field.id).peek();
    if (files.some((row) => ids.includes(row.ticket.peek() ?? -1))) {
      claimed(target, ids); // the form was saved: they are files now
    }
  }, [target, field.id, props.held]);
}
