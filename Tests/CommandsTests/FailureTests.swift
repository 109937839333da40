import Foundation
import Models
import Testing

/// Every failure has a message on standard error and an exit status of sysexits.h, and leaves no partial files.
@Suite struct FailureTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
    try folder.write("plain text", to: "plain.txt")
  }

  /// A command (`DATA` stands for the folder of the data set), its exit status, and a part of its message.
  @Test(arguments: [
    ("tain", 64, "Unexpected argument 'tain'"),
    ("train forest --tres 3", 64, "Did you mean '--trees'?"),
    ("train forest --trees", 64, "Missing value for '--trees <n>'"),
    ("train tree --data DATA --output a --json a", 64, "--output and --json name the same file"),
    ("train tree --data DATA --output a --json ./a", 64, "--output and --json name the same file"),
    ("train tree --data DATA --output a --events DATA/../a", 64, "--output and --events name the same file"),
    ("train cnn --resume plain.txt --json plain.txt", 64, "--resume and --json name the same file"),
    ("evaluate plain.txt --json ./plain.txt", 64, "the model and --json name the same file"),
    ("evaluate plain.txt --events DATA/../plain.txt", 64, "the model and --events name the same file"),
    ("predict m plain.txt --json plain.txt", 64, "an image and --json name the same file"),
    ("sweep plain.txt --json plain.txt", 64, "the sweep file and --json name the same file"),
    ("train forest --resume a.parts --trees 5 --seed 3", 64, "from the unfinished training; leave out --trees, --seed"),
    ("train forest --resume a.parts --bootstrap false", 64, "leave out --bootstrap"),
    ("train forest --resume a.parts --max-depth none", 64, "leave out --max-depth"),
    ("train forest --trees many", 64, "trees must be an integer from 1 to 100000, not \"many\""),
    ("train forest --trees 0 --data DATA", 64, "trees must be an integer from 1 to 100000, not \"0\""),
    ("train tree --criterion ginny --data DATA", 64, "criterion must be gini or entropy, not \"ginny\""),
    ("train tree --max-features 0 --data DATA", 64, "max-features must be sqrt, log2, all or a fraction"),
    ("train knn --neighbors 91 --data DATA", 64, "neighbors is 91, but there are only 90 training images"),
    ("train knn --whitening 1 --data DATA", 64, "give --components as well"),
    ("train knn --neighbors -3", 64, "neighbors must be an integer from 1, not \"-3\""),
    ("train svm", 64, "unknown model \"svm\"; expected one of cnn, forest, "),
    ("train tre", 64, "unknown model \"tre\"; did you mean tree? expected one of cnn, forest, "),
    ("quickstart --data DATA --min-workers 3", 64, "--listen or --hosts, at most 2 workers can join"),
    ("train tree --data DATA --min-workers 2", 64, "--listen or --hosts, at most 1 worker can join"),
    ("train tree --workers 2 --min-workers 3", 64, "--listen or --hosts, at most 2 workers can join"),
    ("train cnn --kernel 2 --data DATA", 64, "kernel must be 1, 3, 5 or 7, not \"2\""),
    ("train cnn --filters 4,4,4,4 --data DATA", 64, "use fewer blocks (a shorter --filters)"),
    (
      "train cnn --filters 1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1 --data DATA", 64,
      "filters must be none or 1 to 16 integers from 1 to 4096"
    ),
    ("train cnn --filters 4, --data DATA", 64, "filters must be none or 1 to 16 integers from 1 to 4096, not \"4,\""),
    (
      "train cnn --augment flop --data DATA", 64,
      "augment must be none, or a list of flip, shift:PIXELS and erase, not \"flop\""
    ),
    (
      "train cnn --resume a --epochs 3 --mirror false", 64, "from the unfinished training; leave out --epochs, --mirror"
    ),
    ("train cnn --learning-rate 1e30 --filters 4 --data DATA", 64, "training diverged"),
    (
      "train cnn --learning-rate 1e30 --epochs 1 --batch 90 --data DATA", 64,
      "training diverged: the predictions after epoch 1"
    ),
    ("train extra-trees --bootstrap --data DATA", 64, "Missing value for '--bootstrap"),
    ("sweep linaer", 66, "for the model linear, use `atelier sweep linear`"),
    ("benchmark --to-accuracy 2", 64, "--to-accuracy must be from 0 to 1"),
    ("benchmark --cluster --simulate", 64, "--cluster and --simulate cannot be combined"),
    ("train forest --threads 0", 64, "--threads must be from 1 to 1024, not 0"),
    ("predict model.safetensors", 64, "Missing expected argument '<image> ...'"),
    ("predict plain.txt a.png --top 0", 64, "--top must be at least 1"),
    ("benchmark --models cnn,mlp", 64, "Please provide one of the following:"),
    ("data --data nowhere", 66, "nowhere: there is no such folder"),
    ("train tree --data nowhere", 66, "nowhere: there is no such folder"),
    ("evaluate nowhere.safetensors --data DATA", 66, "cannot read nowhere.safetensors: No such file"),
    ("predict nowhere.safetensors a.png", 66, "cannot read nowhere.safetensors: No such file"),
    ("train cnn --resume nowhere.safetensors --data DATA", 66, "cannot read nowhere.safetensors: No such file"),
    ("evaluate plain.txt --data DATA", 65, "plain.txt is not a file that Atelier can use"),
    ("evaluate plain.txt --data DATA --json missing/a", 73, "cannot create missing/a: No such file"),
    ("train tree --data DATA --output plain.txt/model", 73, "cannot create plain.txt/model: Not a directory"),
    ("train tree --data DATA --output DATA", 73, "it is a folder"),
    ("train tree --data DATA --json plain.txt/report", 73, "cannot create plain.txt/report: Not a directory"),
    ("data --data DATA --json /dev/full", 74, "cannot write /dev/full: No space left on device"),
  ])
  func failureHasMessageAndStatus(command: String, status: Int32, message: String) throws {
    let arguments = command.replacingOccurrences(of: "DATA", with: data).split(separator: " ").map(String.init)
    let run = try AtelierProcess(arguments, in: folder)
    #expect(run.status == status)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(folder.names.filter { $0 != "runs" } == ["data", "plain.txt"], "no file is left")
    #expect(folder.names(in: "runs").allSatisfy { $0.hasPrefix("atelier.sqlite") }, "only the record of the failed run")
  }

  /// The largest integer and a path of one letter have crashed earlier versions.
  @Test func acceptsExtremeOptionValues() throws {
    let run = try AtelierProcess(
      ["train", "tree", "--min-samples-leaf", "9223372036854775807", "--data", data, "--output", "m"], in: folder)
    #expect(run.status == 0 && folder.names.contains("m"), "\(run.errors)")
    try TinyData.writeImage(0, to: folder.file("good.png"))
    let predicted = try AtelierProcess(["predict", "m", "good.png", "--top", "9223372036854775807"], in: folder)
    #expect(predicted.status == 0, "\(predicted.errors)")
  }

  /// `none` means the same as in a sweep.
  @Test func acceptsNoneForOptionalLimits() throws {
    for (kind, option) in [("tree", "--max-depth"), ("forest", "--max-depth"), ("knn", "--components")] {
      for (name, options) in [("a", []), ("b", [option, "none"])] {
        let run = try AtelierProcess(["train", kind, "--data", data, "--output", name] + options, in: folder)
        #expect(run.status == 0, "\(run.errors)")
      }
      #expect(try folder.bytes("a") == folder.bytes("b"))
    }
  }

  @Test func replacesTargetOfLink() throws {
    try FileManager.default.createDirectory(atPath: folder.file("store"), withIntermediateDirectories: false)
    for target in ["store/model", "store/none-yet"] {
      try? FileManager.default.removeItem(atPath: folder.file("link"))
      try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: target)
      let run = try AtelierProcess(["train", "tree", "--data", data, "--output", "link"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == target)
      #expect(try SavedModel(path: folder.file(target)).metadata.kind == .tree)
    }
  }

  /// Other programs can write any name into the metadata of a safetensors file.
  @Test func controlCharactersNeverReachTerminal() throws {
    try AtelierProcess(["train", "tree", "--data", data, "--output", "m"], in: folder)
    let file = try SafetensorsFile(path: folder.file("m"))
    func change(_ entry: String, _ value: String) throws {
      try HeaderDigest.sealed(file.metadata.merging([entry: value]) { _, new in new }, file.tensors)
        .write(to: folder.file("changed"))
    }
    try change("class.0", "cat\u{1B}[2J")
    try TinyData.writeImage(0, to: folder.file("a.png"))
    let predicted = try AtelierProcess(["predict", "changed", "a.png"], in: folder)
    #expect(predicted.status == 65 && predicted.errors.contains("names must not be empty or contain control"))
    try change("data.name", "a\u{1B}[2Jb")
    try change("data.digest", "\u{1B}[2J")
    let evaluated = try AtelierProcess(["evaluate", "changed", "--data", data], in: folder)
    #expect(evaluated.status == 0 && evaluated.errors.contains("warning: the model was trained on another data set"))
    let missing = try AtelierProcess(["evaluate", "no\u{1B}[2Jfile"], in: folder)
    #expect(missing.status == 66 && missing.errors.contains("cannot read no\u{FFFD}[2Jfile"))
    for run in [predicted, evaluated, missing] { #expect(!(run.output + run.errors).contains("\u{1B}")) }
  }

  @Test func refusesEmptyPathBeforeFit() throws {
    let run = try AtelierProcess(["train", "tree", "--data", data, "--output", ""], in: folder)
    #expect(run.status == 73 && run.errors.contains("the path is empty"), "\(run.errors)")
  }

  @Test func refusesModelWithFlippedBit() throws {
    try AtelierProcess(["train", "knn", "--data", data, "--output", "m"], in: folder)
    var bytes = try folder.bytes("m")
    bytes[bytes.count - 100] ^= 1
    try bytes.write(to: URL(fileURLWithPath: folder.file("m")))
    let run = try AtelierProcess(["evaluate", "m", "--data", data], in: folder)
    #expect(run.status == 65 && run.errors.contains("digest differs"), "\(run.errors)")
  }

  @Test func refusesUnknownInstructionSet() throws {
    let run = try AtelierProcess(["version"], in: folder, environment: ["ATELIER_ISA": "neon"])
    #expect(run.status == 64 && run.errors.contains("ATELIER_ISA=neon names no instruction set"))
  }

  @Test func namesDamagedDataFile() throws {
    try folder.write("garbage", to: "data/train-labels-idx1-ubyte")
    let run = try AtelierProcess(["train", "tree", "--data", data], in: folder)
    #expect(run.status == 65 && run.errors.contains("train-labels-idx1-ubyte"))
    #expect(folder.names == ["data", "plain.txt"])
  }

  /// An empty name would be the beginning of the names of all runs.
  @Test func emptyNameOfRunIsAnError() throws {
    let run = try AtelierProcess(["train", "forest", "--resume", "", "--data", data], in: folder)
    #expect(run.status == 64 && run.errors.contains("the name of the run to resume is empty"), "\(run.errors)")
  }

  @Test func optionsForNetworksAreRefusedForOtherModels() throws {
    try AtelierProcess(["train", "tree", "--data", data, "--output", "tree"], in: folder)
    let explained = try AtelierProcess(["explain", "tree", "--data", data, "--layer", "1"], in: folder)
    #expect(explained.status == 64 && explained.errors.contains("--layer is an option for networks"))
    let sweep = ["sweep", "tree", "--max-depth", "1", "--data", data, "--workers-per-trial", "2", "--no-refit"]
    let searched = try AtelierProcess(sweep, in: folder)
    #expect(searched.status == 0 && searched.errors.contains("teams of workers train networks only"))
  }

  @Test func classesWithoutTrainingImagesAreReported() throws {
    let some = try TinyData.write(into: folder, classNames: ["cat", "hen", "owl", "ant"])
    let run = try AtelierProcess(["train", "tree", "--data", some, "--output", "tree"], in: folder)
    #expect(run.status == 0 && run.errors.contains("classes without training images: ant"), "\(run.errors)")
  }

  /// The exit status shows that not all images were predicted.
  @Test func reportsInvalidImagesAndPredictsOthers() throws {
    try AtelierProcess(["train", "tree", "--data", data, "--output", "tree"], in: folder)
    for name in ["good", "also"] { try TinyData.writeImage(0, to: folder.file("\(name).png")) }
    try TinyData.writeImage(0, width: 16, to: folder.file("wide.png"))
    try folder.write("no image", to: "text.png")
    let images = ["good.png", "wide.png", "text.png", "plain.txt", "missing.png", "also.png"]
    let run = try AtelierProcess(["predict", "tree"] + images + ["--json", "found.json"], in: folder)
    #expect(run.status == 65, "\(run.errors)")
    for message in [
      "text.png: is not a PNG, JPEG, WebP or PGM/PPM image", "plain text: there is no such file",
      "missing.png: there is no such file", "3 of 6 images could not be predicted",
    ] { #expect(run.errors.contains(message), "\(run.errors)") }
    #expect(run.output.split(separator: "\n").map { $0.prefix(8) } == ["good.png", "wide.png", "also.png"])
    let found = try JSONSerialization.jsonObject(with: folder.bytes("found.json")) as? [[String: Any]]
    #expect(found?.compactMap { $0["image"] as? String } == ["good.png", "wide.png", "also.png"])
    let missing = try AtelierProcess(["predict", "tree", "missing.png"], in: folder)
    #expect(missing.status == 66 && missing.output.isEmpty)
  }

  /// Swift strings are Unicode: a file with another name would be read or written.
  @Test func refusesArgumentThatIsNotUTF8() throws {
    let run = try folder.shell("exec \"$ATELIER\" train tree --data data --output \"$(printf 'caf\\351')\"")
    #expect(run.status == 64 && run.errors.contains("'caf\\xE9', is not UTF-8"), "\(run.errors)")
    #expect(folder.names == ["data", "plain.txt"])
  }

  /// For a file system, a composed and a decomposed character are two names.
  @Test func fileNamesKeepTheirUnicodeForm() throws {
    for name in ["caf\u{e9}", "cafe\u{301}"] {
      let run = try AtelierProcess(
        ["train", "tree", "--data", data, "--output", name, "--json", "\(name).json"], in: folder)
      #expect(run.status == 0, "\(run.errors)")
      for file in [name, "\(name).json"] {
        let path = Array(folder.path.utf8) + [UInt8(ascii: "/")] + Array(file.utf8) + [0]
        #expect(path.withUnsafeBytes { unlink($0.bindMemory(to: CChar.self).baseAddress!) } == 0, "\(folder.names)")
      }
    }
    #expect(folder.names == ["data", "plain.txt"])
  }

  // MARK: Full disks, pipes and descriptors

  @Test func reportsFullDiskOfStandardOutput() throws {
    for arguments in [["data", "--data", data], ["version"], ["--help"], ["train", "--help"]] {
      let run = try AtelierProcess(arguments, in: folder, output: "/dev/full")
      #expect(run.status == 74 && run.errors.contains("cannot write standard output: No space left on device"))
    }
  }

  /// A limit on file sizes simulates a disk that becomes full while the model is written.
  @Test func fullDiskKeepsOldModel() throws {
    try AtelierProcess(["train", "tree", "--data", data, "--output", "model"], in: folder)
    let old = try folder.bytes("model")
    let run = try folder.shell(
      "trap '' XFSZ; ulimit -f 1; exec \"$ATELIER\" train knn --data data --output model --json report.json")
    #expect(run.status == 74 && run.errors.contains("cannot write model: File too large"))
    #expect(try folder.bytes("model") == old)
    #expect(folder.names == ["data", "model", "plain.txt"])
  }

  @Test func closedPipeIsNotAnError() throws {
    let run = try folder.shell(
      "{ sleep 0.2; \"$ATELIER\" data --data data; echo status $? > status; } | true; cat status")
    #expect(run.output == "status 0\n" && run.errors.isEmpty)
  }

  /// A file must not be opened with the descriptor of a closed standard output or error: it would receive their lines.
  @Test func filesDoNotReuseClosedStandardDescriptors() throws {
    let run = try folder.shell("exec \"$ATELIER\" train tree --data data --output m --events e.jsonl 2>&-")
    #expect(run.status == 0 && run.output.hasPrefix("model"), "\(run.output)")
    let events = try String(decoding: folder.bytes("e.jsonl"), as: UTF8.self).split(separator: "\n")
    #expect(events.allSatisfy { $0.hasPrefix("{") })
    #expect(try SavedModel(path: folder.file("m")).metadata.kind == .tree)
    let silent = try folder.shell("exec \"$ATELIER\" data --data data >&-")
    #expect(silent.status == 74 && silent.errors.contains("cannot write standard output"), "\(silent.errors)")
  }
}
