// A fine-tune from its file to its model, with the client that OpenAI publishes. Prints one JSON object of what it saw.
import fs from "node:fs";
import OpenAI from "openai";

const [address, rows, manyRows] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${address}v1`, apiKey: process.env.BEEP_TOKEN, maxRetries: 0 });
const seen = {};
const refused = async (name, work) => {
  try {
    await work();
    seen[name] = null;
  } catch (error) {
    seen[name] = { kind: error.constructor.name, status: error.status, code: error.code, param: error.param, type: error.type, message: error.message };
  }
};
const until = async (read, isReached) => {
  for (;;) {
    const value = await read();
    if (isReached(value)) {
      return value;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
const all = async (list) => {
  const items = [];
  for await (const item of list) {
    items.push(item);
  }
  return items;
};

const file = await client.files.create({ file: fs.createReadStream(rows), purpose: "fine-tune" });
const again = await client.files.create({ file: fs.createReadStream(rows), purpose: "fine-tune" });
seen.file = await until(() => client.files.retrieve(file.id), (found) => found.status !== "uploaded");
seen.files = (await all(client.files.list({ limit: 1 }))).map((found) => found.id);
seen.uploaded = [again.id, file.id];
seen.content = await (await client.files.content(file.id)).text();
await refused("badPurpose", () => client.files.create({ file: fs.createReadStream(rows), purpose: "assistants" }));
await refused("noFile", () => client.files.retrieve("file-none"));

const wanted = {
  model: "beep/beep-tiny",
  training_file: file.id,
  validation_file: again.id,
  suffix: "flow",
  seed: 7,
  metadata: { team: "maps" },
  method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 1, batch_size: 6, learning_rate_multiplier: 0.5 } } },
};
const job = await client.fineTuning.jobs.create(wanted);
seen.created = job;
await refused("cancelForeign", () => client.fineTuning.jobs.cancel("ftjob-0123456789abcdef"));
seen.job = await until(() => client.fineTuning.jobs.retrieve(job.id), (found) => ["succeeded", "failed", "cancelled"].includes(found.status));
seen.events = await all(client.fineTuning.jobs.listEvents(job.id, { limit: 3 }));
seen.checkpoints = await all(client.fineTuning.jobs.checkpoints.list(job.id, { limit: 1 }));
seen.models = (await all(client.models.list())).map((model) => model.id);
seen.tuned = await client.models.retrieve(seen.job.fine_tuned_model);
seen.base = await client.models.retrieve("beep/beep-tiny");
seen.results = await (await client.files.content(seen.job.result_files[0])).text();
await refused("cancelFinished", () => client.fineTuning.jobs.cancel(job.id));

// Runs over these end when they are told to.
const long = await client.files.create({ file: fs.createReadStream(manyRows), purpose: "fine-tune" });
const second = await client.fineTuning.jobs.create({ model: "beep/beep-tiny", training_file: long.id, hyperparameters: { n_epochs: 50, batch_size: 1 } });
await until(() => client.fineTuning.jobs.retrieve(second.id), (found) => found.status === "running");
seen.paused = (await client.fineTuning.jobs.pause(second.id)).status;
seen.resumed = await until(
  async () => {
    try {
      return (await client.fineTuning.jobs.resume(second.id)).status;
    } catch (error) {
      return error.code;
    }
  },
  (status) => status !== "fine_tune_stopping",
);
seen.cancelling = (await client.fineTuning.jobs.cancel(second.id)).status;
seen.cancelled = (await until(() => client.fineTuning.jobs.retrieve(second.id), (found) => found.status !== "running")).status;
await refused("deleteUsed", async () => {
  const third = await client.fineTuning.jobs.create({ model: seen.job.fine_tuned_model, training_file: long.id, hyperparameters: { n_epochs: 50, batch_size: 1 } });
  seen.fromTuned = third.model;
  try {
    await client.files.delete(long.id);
  } finally {
    await client.fineTuning.jobs.cancel(third.id);
    await until(() => client.fineTuning.jobs.retrieve(third.id), (found) => found.status === "cancelled");
  }
});
seen.jobs = (await all(client.fineTuning.jobs.list({ limit: 1 }))).map((found) => found.id);
seen.ofTeam = (await all(client.fineTuning.jobs.list({ metadata: { team: "maps" } }))).map((found) => found.id);
await refused("badEpochs", () => client.fineTuning.jobs.create({ ...wanted, method: undefined, hyperparameters: { n_epochs: 0 } }));
await refused("reinforcement", () => client.fineTuning.jobs.create({ ...wanted, method: { type: "reinforcement" } }));
await refused("dpo", () => client.fineTuning.jobs.create({ ...wanted, method: { type: "dpo" } }));
await refused("wandb", () => client.fineTuning.jobs.create({ ...wanted, integrations: [{ type: "wandb", wandb: { project: "p" } }] }));
await refused("noModel", () => client.fineTuning.jobs.create({ ...wanted, model: "gpt-4o-mini" }));
await refused("unknown", () => client.fineTuning.jobs.create({ ...wanted, owner_id: 1 }));
seen.deleted = await client.models.delete(seen.job.fine_tuned_model);
await refused("tunedGone", () => client.models.retrieve(seen.job.fine_tuned_model));
seen.fileDeleted = await client.files.delete(again.id);
await refused("wrongKey", () => new OpenAI({ baseURL: `${address}v1`, apiKey: "ftk_wrong", maxRetries: 0 }).models.list());
console.log(JSON.stringify(seen));
