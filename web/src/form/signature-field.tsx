import type { FileProps } from "./file-field";
export function SignatureField(_props: FileProps) {
  return null;
}
