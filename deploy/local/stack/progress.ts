import { Listr, PRESET_TIMER } from "listr2";

/** Shows the progress of a start. */
export type Progress = {
  /** Runs one step under a title. The step reports its details with `update`. */
  step: <T>(title: string, work: (update: (line: string) => void) => Promise<T>) => Promise<T>;
  /** Prints one line, also after the start: a process died, a file changed. */
  print: (line: string) => void;
};

/** Plain lines, for pipes, logs and CI. */
export function lines(write: (line: string) => void): Progress {
  return {
    async step(title, work) {
      const startedAt = Date.now();
      const result = await work((line) => write(`  ${title}: ${line}`));
      write(`${title}: done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
      return result;
    },
    print: write,
  };
}

/** A spinner and a clock for each step, for a terminal. */
export function terminal(): Progress {
  return {
    async step<T>(title: string, work: (update: (line: string) => void) => Promise<T>): Promise<T> {
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
    print: (line) => console.log(line),
  };
}
