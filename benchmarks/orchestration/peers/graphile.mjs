// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// graphile-worker. `init URL JOBS` makes its schema and queues jobs; `work URL batched|unbatched BEGIN END` runs them
// until END and prints how many it began since BEGIN (times in ms of Date.now()).
import pg from "pg";
import { run, runMigrations, Logger } from "graphile-worker";

const [command, connectionString, ...rest] = process.argv.slice(2);
const logger = new Logger(() => () => {});

async function init(jobs) {
  await runMigrations({ connectionString, logger });
  const client = new pg.Client({ connectionString });
  await client.connect();
  for (let begin = 0; begin < jobs; begin += 100_000) {
    await client.query(
      `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
         SELECT json_populate_record(null::graphile_worker.job_spec,
                                     json_build_object('identifier', 'nothing', 'payload', json_build_object('id', i)))
         FROM generate_series($1::int, $2::int) i))`,
      [begin + 1, Math.min(jobs, begin + 100_000)]);
  }
  await client.end();
}

// As the project's own performance test: 24 jobs at once, a local queue of 500, completions put together.
const BATCHED = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

async function work(mode, begin, end) {
  let count = 0;
  const nothing = () => {
    const now = Date.now();
    if (now >= begin && now < end) ++count;
  };
  await run({
    connectionString, logger, noHandleSignals: true, taskList: { nothing },
    preset: { worker: { concurrentJobs: 24, maxPoolSize: 26, ...(mode === "batched" ? BATCHED : {}) } },
  });
  setTimeout(() => {
    console.log(JSON.stringify({ count }));
    process.exit(0);
  }, end - Date.now());
}

if (command === "init") await init(Number(rest[0]));
else await work(rest[0], Number(rest[1]), Number(rest[2]));
