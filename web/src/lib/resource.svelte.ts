// Something asked from the server, again whenever what the question reads changes.

export interface Resource<T> {
  /** The last answer; it stays while a newer one is awaited, so that nothing jumps. */
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly loading: boolean;
  again(): void;
}

/** Asks when an effect first runs and whenever a value read by `ask` changes; `ask` returns none when there is nothing to ask. */
export function resource<T>(ask: () => ((signal: AbortSignal) => Promise<T>) | null, wait: () => number = () => 0): Resource<T> {
  let value = $state.raw<T | undefined>(undefined);
  let error = $state.raw<Error | undefined>(undefined);
  let loading = $state(true);
  let round = $state(0);
  $effect(() => {
    void round;
    const work = ask();
    if (!work) {
      value = undefined;
      error = undefined;
      loading = false;
      return;
    }
    const stop = new AbortController();
    loading = true;
    // Asked a moment later: an effect that runs twice at once asks once.
    let timer: ReturnType<typeof setTimeout> | undefined;
    const now = (): void => {
      if (stop.signal.aborted) return;
      work(stop.signal).then(
        (answer) => {
          if (stop.signal.aborted) return;
          value = answer;
          error = undefined;
          loading = false;
        },
        (problem: Error) => {
          if (stop.signal.aborted) return;
          error = problem;
          loading = false;
        },
      );
    };
    // Before the next frame is drawn, where nobody is to be waited for: what is asked for is on its way while it is.
    const moment = wait();
    if (moment > 0) timer = setTimeout(now, moment);
    else queueMicrotask(now);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  });
  return {
    get value() { return value; },
    get error() { return error; },
    get loading() { return loading; },
    again() { round += 1; },
  };
}
