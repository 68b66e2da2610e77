// Shows and saves the JSON that the page carries. Everything else works without a script.
const json = document.getElementById("result").textContent.trim();
const raw = document.getElementById("raw");
raw.addEventListener("toggle", () => {
  const place = raw.querySelector("pre");
  if (raw.open) place.textContent = json;
});
const save = document.getElementById("save");
save.hidden = false;
save.addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
  link.download = "flopledger.json";
  link.click();
});
