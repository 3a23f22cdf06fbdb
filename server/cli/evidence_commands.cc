#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/program.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/photo.h"
#include "sync/cli/console/table.h"
#include "sync/rules/evidence.h"
#include "sync/rules/reason.h"

// Photos and documents that records name.

namespace vigil::office {

using console::Arguments;
using console::Console;
using console::Count;
using console::Table;

namespace {

constexpr std::int64_t kBytesPerNote = std::int64_t{4} << 20;

// What a record and its children name, each content once.
struct Named {
  std::vector<v1::Evidence> photos;
  std::set<std::string> missing;
};

absl::StatusOr<Named> FindNamed(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::GetRecordResponse found,
                         clerk.FindAll(arguments.Value("--kind"), arguments.Value("RECORD")));
  Named named;
  named.missing.insert(found.missing_evidence().begin(), found.missing_evidence().end());
  std::set<std::string> seen;
  const auto add = [&](const v1::Record& record) {
    for (v1::Evidence& evidence : rules::EvidenceOf(record)) {
      if (seen.insert(evidence.sha256()).second) named.photos.push_back(std::move(evidence));
    }
  };
  add(found.record());
  for (const v1::Record& child : found.children()) add(child);
  return named;
}

absl::Status List(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const Named named, FindNamed(clerk, arguments));
  Console& console = clerk.console();
  Table table({{"SHA-256"},
               {std::string(console.In({"kind", "类型"}))},
               {std::string(console.In({"bytes", "字节"})), Table::Align::kRight},
               {std::string(console.In({"shows", "说明"})), Table::Align::kLeft, 40},
               {std::string(console.In({"arrived", "是否到达"}))}});
  console::JsonArray array;
  for (const v1::Evidence& photo : named.photos) {
    const bool arrived = named.missing.count(photo.sha256()) == 0;
    console::JsonObject object;
    object.SetRaw("evidence", console::ProtoJson(photo)).Set("arrived", arrived);
    array.AddRaw(object.ToString());
    table.AddRow(
        {photo.sha256(), photo.media_type(), std::to_string(photo.size_bytes()), photo.caption(),
         std::string(arrived ? console.In({"yes", "是"}) : console.In({"not yet", "尚未"}))});
  }
  console.Json(array.ToString());
  console.Show(table, {"it names no photos or documents", "没有照片或材料"});
  return absl::OkStatus();
}

// One that is here already is left alone.
absl::Status Get(Clerk& clerk, const v1::Evidence& photo, const std::string& path) {
  console::Download download{
      .sha256 = photo.sha256(), .path = path, .fetch = {}, .on_progress = {}};
  download.fetch = [&](const v1::DownloadEvidenceRequest& request) {
    return clerk.office().DownloadEvidence(request);
  };
  std::int64_t noted = 0;
  download.on_progress = [&](std::int64_t bytes, std::int64_t size_bytes) {
    if (bytes - noted < kBytesPerNote) return;
    noted = bytes;
    clerk.console().Note({"$0 of $1 bytes", "$0 / $1 字节"},
                         {std::to_string(bytes), std::to_string(size_bytes)});
  };
  return console::RunDownload(download, clerk.files());
}

bool IsDirectory(FileSystem& files, const std::string& path) { return files.List(path).ok(); }

// Where a content goes: the file that was named, or a name of its own in the directory.
absl::StatusOr<std::string> PathFor(Clerk& clerk, const std::string& out,
                                    const v1::Evidence& photo) {
  const bool into = out.empty() || out.back() == '/' || IsDirectory(clerk.files(), out);
  if (!into) return out;
  std::string type = photo.media_type();
  if (type.empty()) {
    v1::DownloadEvidenceRequest request;
    request.set_sha256(photo.sha256());
    request.set_bytes_max(1);
    VIGIL_ASSIGN_OR_RETURN(const v1::DownloadEvidenceResponse first,
                           clerk.office().DownloadEvidence(request));
    type = first.media_type();
  }
  return JoinPath(out, console::PhotoFileName(photo.sha256(), type));
}

absl::Status GetCommand(Clerk& clerk, const Arguments& arguments) {
  Console& console = clerk.console();
  Named named;
  const std::string what = arguments.Value("RECORD");
  if (Sha256::FromHex(what)) {
    named.photos.emplace_back().set_sha256(what);
  } else {
    VIGIL_ASSIGN_OR_RETURN(named, FindNamed(clerk, arguments));
    std::erase_if(named.photos, [&](const v1::Evidence& photo) {
      const bool missing = named.missing.count(photo.sha256()) > 0;
      if (missing) {
        console.Note({"photo $0 has not arrived yet", "照片 $0 尚未到达"}, {photo.sha256()});
      }
      return missing;
    });
  }
  const std::string out = arguments.Value("--out");
  if (named.photos.size() > 1 && !out.empty()) {
    VIGIL_RETURN_IF_ERROR(clerk.files().MakeDirectories(out, 0755));
  }
  console::JsonArray array;
  for (const v1::Evidence& photo : named.photos) {
    VIGIL_ASSIGN_OR_RETURN(const std::string path, PathFor(clerk, out, photo));
    VIGIL_RETURN_IF_ERROR(Get(clerk, photo, path));
    console::JsonObject object;
    object.Set("sha256", photo.sha256()).Set("file", path);
    array.AddRaw(object.ToString());
    console.Say({"$0", "$0"}, {path});
  }
  console.Json(array.ToString());
  if (!named.photos.empty()) return absl::OkStatus();
  return rules::Refuse(v1::REASON_NOT_FOUND, "there is no photo or document to get")
      .With("record", what);
}

}  // namespace

std::vector<Command> EvidenceCommands() {
  const console::OptionSpec kind = {
      "--kind", "KIND", {"its kind, where a code is not enough", "记录种类"}};
  return {
      {{"evidence list",
        {"photos and documents of a record, and whether they have arrived",
         "记录的照片和材料及是否到达"},
        {{"RECORD", "", {"number, code or id", "编号、编码或 id"}, Count::kRequired}, kind},
        {"YH-2017-0371", "YH-2017-0371 --json"}},
       List},
      {{"evidence get",
        {"a photo or document, or all of a record; goes on where it broke off",
         "下载照片或材料（可续传）"},
        {{"RECORD",
          "",
          {"SHA-256 of one; or number, code or id of a record", "SHA-256，或记录编号、编码、id"},
          Count::kRequired},
         {"--out", "FILE|DIR", {"default: this directory", "默认当前目录"}},
         kind},
        {"YH-2017-0371 --out photos",
         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --out crack.jpg"}},
       GetCommand},
  };
}

}  // namespace vigil::office
