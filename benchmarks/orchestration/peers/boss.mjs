// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// pg-boss. `init URL JOBS` makes its schema and queues jobs; `work URL batched|unbatched BEGIN END` runs them until END
// and prints how many it completed since BEGIN (times in ms of Date.now()).
import { PgBoss } from "pg-boss";

const [command, connectionString, ...rest] = process.argv.slice(2);
const boss = new PgBoss({ connectionString, max: 26, schedule: false });
boss.on("error", (error) => console.error(String(error)));

async function init(jobs) {
  await boss.start();
  await boss.createQueue("nothing");
  for (let begin = 0; begin < jobs; begin += 10_000) {
    const size = Math.min(10_000, jobs - begin);
    await boss.insert("nothing", Array.from({ length: size }, (_, i) => ({ data: { id: begin + i } })));
  }
  process.exit(0);
}

async function work(mode, begin, end) {
  let count = 0;
  const tally = (jobs) => {
    const now = Date.now();
    if (now >= begin && now < end) count += jobs;
  };
  await boss.start();
  setTimeout(() => {
    console.log(JSON.stringify({ count }));
    process.exit(0);
  }, end - Date.now());
  if (mode === "batched") {
    await boss.work("nothing", { batchSize: 500, localConcurrency: 2, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 },
      async (jobs) => tally(jobs.length));
    return;
  }
  // work() of single jobs waits half a second after each: it is made for batches.
  const loop = async () => {
    for (;;) {
      const jobs = await boss.fetch("nothing", { batchSize: 1 });
      if (!jobs.length) continue;
      await boss.complete("nothing", jobs[0].id);
      tally(1);
    }
  };
  for (let i = 0; i < 24; ++i) void loop();
}

if (command === "init") await init(Number(rest[0]));
else await work(rest[0], Number(rest[1]), Number(rest[2]));
