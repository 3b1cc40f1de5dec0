// Sends files in resumable parts (tus 1.0). What was sent is on the server; where it was sent to is remembered here, so that the same
// file goes on after a lost connection, a closed page or a restarted server.
const endpoint = "/api/v1/finetune/uploads";
const partBytes = 16 * 1024 * 1024;
const reportEvery = 200;
const pauses = [500, 1000, 2000, 4000, 8000, 15000];
const base = { "Tus-Resumable": "1.0.0", "X-Beep-Request": "1" };

const encode = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const keyOf = (file, dataset, name) => `beep-upload ${dataset ?? ""} ${name ?? ""} ${file.name} ${file.size} ${file.lastModified}`;
const wait = (time) => new Promise((done) => setTimeout(done, time));

class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? "The server refused the file.");
    this.problem = problem;
  }
}

const problemOf = async (answer) => {
  const problem = await answer.json().catch(() => ({}));
  return { ...problem, detail: problem.detail ?? `The server answered ${answer.status}.` };
};

const isPassing = (status) => status === 0 || status === 408 || status === 409 || status === 423 || status === 429 || status >= 500;

async function begin(file, dataset, name) {
  const metadata = [`filename ${encode(file.name)}`];
  if (dataset) metadata.push(`dataset ${encode(dataset)}`);
  if (name) metadata.push(`name ${encode(name)}`);
  const answer = await fetch(endpoint, { method: "POST", headers: { ...base, "Upload-Length": String(file.size), "Upload-Metadata": metadata.join(",") } });
  if (!answer.ok) throw new Refused(await problemOf(answer));
  return answer.headers.get("Location");
}

async function ask(location) {
  const answer = await fetch(location, { method: "HEAD", headers: base });
  if (!answer.ok) return { gone: !isPassing(answer.status), passing: true };
  return { offset: Number(answer.headers.get("Upload-Offset")), dataset: answer.headers.get("Beep-Dataset") };
}

// XMLHttpRequest, since fetch does not say how much of a body is sent.
const send = (location, offset, part, job) =>
  new Promise((done) => {
    const request = new XMLHttpRequest();
    job.request = request;
    request.open("PATCH", location);
    for (const [name, value] of Object.entries(base)) request.setRequestHeader(name, value);
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.onprogress = (event) => job.sent(offset + event.loaded);
    request.onloadend = () => {
      let problem = {};
      try {
        problem = JSON.parse(request.responseText);
      } catch {
        // No body, or none of ours.
      }
      done({ status: request.status, offset: Number(request.getResponseHeader("Upload-Offset")), dataset: request.getResponseHeader("Beep-Dataset"), problem });
    };
    request.send(part);
  });

async function run(file, dataset, name, job) {
  const key = keyOf(file, dataset, name);
  let location = localStorage.getItem(key);
  let failures = 0;
  for (;;) {
    if (job.stopped) return { stopped: true, location, key };
    try {
      let known = location ? await ask(location) : { gone: true };
      if (known.dataset) {
        localStorage.removeItem(key);
        return { dataset: known.dataset };
      }
      if (known.gone) {
        location = await begin(file, dataset, name);
        localStorage.setItem(key, location);
        known = { offset: 0 };
      }
      let offset = known.offset;
      while (offset !== undefined) {
        if (job.stopped) return { stopped: true, location, key };
        job.sent(offset);
        const answer = await send(location, offset, file.slice(offset, offset + partBytes), job);
        if (answer.status === 204) {
          failures = 0;
          if (answer.dataset) {
            localStorage.removeItem(key);
            return { dataset: answer.dataset };
          }
          offset = answer.offset;
        } else if (isPassing(answer.status) && answer.problem.code !== "name_taken" && answer.problem.code !== "checksum_mismatch") {
          break;
        } else {
          localStorage.removeItem(key);
          throw new Refused({ ...answer.problem, detail: answer.problem.detail ?? `The server answered ${answer.status}.` });
        }
      }
    } catch (error) {
      if (error instanceof Refused && error.problem.status !== 429 && !(error.problem.status >= 500)) throw error;
    }
    if (job.stopped) return { stopped: true, location, key };
    job.waiting();
    await wait(pauses[Math.min(failures++, pauses.length - 1)]);
  }
}

export function attach(root, page, dataset) {
  const jobs = new Map();
  const input = root.querySelector("input[type=file]");
  const nameField = root.querySelector("input[data-name]");
  let last = 0;

  const tell = (id, state, extra = {}) => page.invokeMethodAsync("Report", id, { state, ...extra }).catch(() => {});

  const start = async (file, name) => {
    const id = `${last++}`;
    let spoken = 0;
    const job = {
      stopped: false,
      request: null,
      sent: (bytes) => {
        const now = performance.now();
        if (now - spoken > reportEvery || bytes === file.size) {
          spoken = now;
          tell(id, bytes === file.size ? "checking" : "sending", { name: file.name, bytes: file.size, sent: bytes });
        }
      },
      waiting: () => tell(id, "waiting", { name: file.name, bytes: file.size }),
    };
    jobs.set(id, job);
    tell(id, "sending", { name: file.name, bytes: file.size, sent: 0 });
    try {
      const result = await run(file, dataset, name, job);
      if (result.stopped) {
        localStorage.removeItem(result.key);
        if (result.location) await fetch(result.location, { method: "DELETE", headers: base }).catch(() => {});
        tell(id, "stopped");
      } else {
        tell(id, "done", { name: file.name, bytes: file.size, sent: file.size, dataset: result.dataset });
      }
    } catch (error) {
      const problem = error.problem ?? { detail: "The file could not be read.", remedy: "Choose it again." };
      const faults = (problem.faults ?? []).map((fault) => [fault.where, fault.detail, fault.remedy].filter(Boolean).join(" — "));
      tell(id, "refused", { name: file.name, bytes: file.size, message: problem.detail, remedy: problem.remedy, where: problem.where, faults });
    } finally {
      jobs.delete(id);
    }
  };

  const take = (files) => {
    const list = [...files];
    const name = list.length === 1 && nameField?.value.trim() ? nameField.value.trim() : null;
    list.forEach((file) => start(file, name));
    if (nameField) nameField.value = "";
  };

  const isFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const over = (event) => {
    if (isFiles(event)) {
      event.preventDefault();
      root.dataset.over = "";
    }
  };
  const leave = () => delete root.dataset.over;
  const drop = (event) => {
    if (isFiles(event)) {
      event.preventDefault();
      leave();
      take(event.dataTransfer.files);
    }
  };
  // A file that misses the field must not replace the page.
  const miss = (event) => isFiles(event) && event.preventDefault();
  const choose = () => {
    take(input.files);
    input.value = "";
  };

  root.addEventListener("dragover", over);
  root.addEventListener("dragleave", leave);
  root.addEventListener("drop", drop);
  input.addEventListener("change", choose);
  window.addEventListener("dragover", miss);
  window.addEventListener("drop", miss);
  // Chosen while this was being loaded.
  if (input.files.length > 0) choose();

  return {
    stop: (id) => {
      const job = jobs.get(id);
      if (job) {
        job.stopped = true;
        job.request?.abort();
      }
    },
    dispose: () => {
      // Left, not given up: the next visit goes on.
      window.removeEventListener("dragover", miss);
      window.removeEventListener("drop", miss);
    },
  };
}
