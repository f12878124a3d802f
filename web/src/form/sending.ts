// Sending a form: once, after its uploads, with every refusal shown where it belongs.

import { useEffect, useRef, useState } from "preact/hooks";

import { asProblem, type Problem } from "../api/problem";
import { pending, type UploadTarget } from "../uploads/queue";

export type Sending = {
  /** What is being sent, or waits for uploads; null while the person works. */
  busy: string | null;
  isWaiting: boolean;
  problem: Problem | null;
  /** Run `act` once no upload is under way. */
  send: (what: string, act: () => Promise<void>) => void;
  stopWaiting: () => void;
};

/** Keep one thing going at a time; a second press while one is under way does nothing. */
export function useSending(target: UploadTarget): Sending {
  const [busy, setBusy] = useState<string | null>(null);
  const [isWaiting, setWaiting] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const act = useRef<(() => Promise<void>) | null>(null);
  const isRunning = useRef(false);
  const underWay = pending(target).value;

  async function run() {
    const now = act.current;
    if (now === null || isRunning.current) {
      return;
    }
    act.current = null;
    isRunning.current = true;
    setWaiting(false);
    try {
      await now();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      isRunning.current = false;
      setBusy(null);
    }
  }

  useEffect(() => {
    if (isWaiting && underWay === 0) {
      void run();
    }
  }, [isWaiting, underWay]);

  return {
    busy,
    isWaiting,
    problem,
    send(what, given) {
      if (isRunning.current) {
        return;
      }
      act.current = given;
      setProblem(null);
      setBusy(what);
      if (pending(target).value > 0) {
        setWaiting(true);
      } else {
        void run();
      }
    },
    stopWaiting() {
      act.current = null;
      setWaiting(false);
      setBusy(null);
    },
  };
}
