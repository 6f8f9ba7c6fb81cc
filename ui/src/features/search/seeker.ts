/**
 * Search as one types: waits until the typing pauses, asks, and lets only the newest question answer. Time and the question are
 * given, so that it can be tested without either.
 */
export interface Seeker<Q> {
  ask(question: Q): void;
  stop(): void;
}

/** Milliseconds of quiet before a question is sent. */
export const QUIET_MS = 60;

export function seeker<Q, R>(search: (question: Q) => Promise<R>, told: (answer: R, question: Q) => void, failed: (thrown: unknown) => void, quietMs = QUIET_MS): Seeker<Q> {
  let newest = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    ask(question) {
      clearTimeout(timer);
      const number = ++newest;
      timer = setTimeout(() => {
        search(question).then(
          (answer) => {
            if (number === newest) told(answer, question);
          },
          (thrown: unknown) => {
            if (number === newest) failed(thrown);
          },
        );
      }, quietMs);
    },
    stop() {
      newest += 1;
      clearTimeout(timer);
    },
  };
}
