import type { Schemas } from "../api/client";
import type { UploadTarget } from "../uploads/queue";
import type { FormField } from "./form-state";
export type FileProps = {
  field: FormField;
  target: UploadTarget;
  value: readonly number[];
  held: readonly Schemas["File"][];
  isRequired: boolean;
  fault: string | undefined;
  describedBy: string | undefined;
  onChange: (ids: number[]) => void;
};
export function FileField(_props: FileProps) {
  return null;
}
export function FileList(_props: { files: readonly Schemas["File"][]; labelledBy?: string }) {
  return null;
}
