// Reading from the API into a page: what is there, what is on its way, what failed.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { asProblem, type Problem } from "./api/problem";

export type Loaded<T> = {
  /** The newest answer; stays while it is read again. */
  data: T | null;
  problem: Problem | null;
  isLoading: boolean;
  reload: () => Promise<void>;
  /** Put what a change answered in place of reading again. */
  set: (data: T) => void;
};

/** The last answer by key, so that going back shows a page at once while it is read anew. */
const kept = new Map<string, unknown>();
const KEPT_MOST = 50;

export function forgetLoaded(): void {
  kept.clear();
}

function keep(key: string, data: unknown): void {
  kept.delete(key);
  kept.set(key, data);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MOST) {
      break;
    }
    kept.delete(oldest);
  }
}

/** Load something, again whenever its key changes. An answer to an earlier key is dropped. */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data: T | null; problem: Problem | null; isLoading: boolean }>(
    () => ({
      key,
      data: (kept.get(key) as T | undefined) ?? null,
      problem: null,
      isLoading: true,
    }),
  );
  const current = useRef({ key, load, turn: 0 });
  current.current.key = key;
  current.current.load = load;

  const reload = useCallback(async () => {
    const at = current.current;
    const mine = { key: at.key, turn: ++at.turn };
    const isNewest = () => current.current.key === mine.key && current.current.turn === mine.turn;
    try {
      const data = await at.load();
      if (isNewest()) {
        keep(mine.key, data);
        setState({ key: mine.key, data, problem: null, isLoading: false });
      }
    } catch (error) {
      if (isNewest()) {
        const problem = asProblem(error);
        setState((before) => ({ ...before, key: mine.key, problem, isLoading: false }));
      }
    }
  }, []);

  useEffect(() => {
    setState({ key, data: (kept.get(key) as T | undefined) ?? null, problem: null, isLoading: true });
    void reload();
  }, [key]);

  const set = useCallback((data: T) => {
    keep(current.current.key, data);
    current.current.turn += 1;
    setState({ key: current.current.key, data, problem: null, isLoading: false });
  }, []);

  const isOther = state.key !== key;
  return {
    data: isOther ? ((kept.get(key) as T | undefined) ?? null) : state.data,
    problem: isOther ? null : state.problem,
    isLoading: isOther || state.isLoading,
    reload,
    set,
  };
}
