declare module "bpmn-auto-layout" {
  /** Return a BPMN document with positions for the elements of its first participant or process. */
  export function layoutProcess(xml: string): Promise<string>;
}
