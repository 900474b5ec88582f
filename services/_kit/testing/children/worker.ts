import { startConsumer } from "../../messaging/consumer";
import { silentLog } from "../log";
import { testCatalogue } from "../queue";

/** Handles one message whose work never ends. The test kills this process while the work runs. */
const { catalogue } = testCatalogue();
startConsumer({
  queue: process.env.QUEUE as string,
  catalogue,
  consumers: {
    "to.a": async () => {
      console.log("taken");
      await new Promise(() => {});
    },
  },
  deps: {},
  redisUrl: process.env.REDIS as string,
  concurrency: 1,
  log: silentLog,
});
