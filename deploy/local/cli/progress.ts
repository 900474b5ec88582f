import { Listr, PRESET_TIMER } from "listr2";

/** How a start shows what it is doing. */
export type Progress = {
  /** Runs one step under a title; `note` says what it is at. */
  step: <T>(title: string, work: (note: (line: string) => void) => Promise<T>) => Promise<T>;
  /** A line of its own, also after the start: a process died, a file changed. */
  say: (line: string) => void;
};

/** Plain lines: for pipes, logs and CI. */
export function lines(write: (line: string) => void): Progress {
  return {
    async step(title, work) {
      const startedAt = Date.now();
      const result = await work((line) => write(`  ${title}: ${line}`));
      write(`${title}: done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      return result;
    },
    say: write,
  };
}

/** A spinner and a running clock for each step: for people at a terminal. */
export function terminal(): Progress {
  return {
    async step<T>(title: string, work: (note: (line: string) => void) => Promise<T>): Promise<T> {
      let result: T | undefined;
      const show = new Listr(
        [
          {
            title,
            task: async (_context, task) => {
              result = await work((line) => {
                task.output = line;
              });
            },
          },
        ],
        { registerSignalListeners: false, rendererOptions: { timer: PRESET_TIMER, showErrorMessage: false } },
      );
      await show.run();
      return result as T;
    },
    say: (line) => console.log(line),
  };
}
