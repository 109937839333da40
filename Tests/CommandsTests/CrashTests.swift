import Foundation
import Models
import Testing

/// Crashes between writing and renaming, full disks, and checkpoints that are old, missing or changed.
@Suite struct CrashTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  private static let network = ["--filters", "8,16", "--dense", "16", "--batch", "16", "--epochs", "1000"]

  private func cnn(_ more: String...) -> [String] { ["train", "cnn", "--data", data] + Self.network + more }

  /// Starts a run and kills it after its first checkpoint.
  /// - Returns: the name of the run
  @discardableResult private func killedRun(_ arguments: [String], saved: String = "cnn.checkpoint.safetensors") throws
    -> String
  {
    let before = Set(folder.names(in: "runs"))
    var run: String? { folder.names(in: "runs").first { !before.contains($0) && !$0.hasPrefix("atelier.sqlite") } }
    let started = try AtelierProcess.Started(arguments, in: folder)
    try waitUntil {
      run.map {
        folder.names(in: "runs/\($0)/\(saved)").contains { $0.hasSuffix(".part") }
          || folder.names(in: "runs/\($0)").contains(saved) && saved.hasSuffix("tensors")
      } ?? false
    }
    kill(started.process.processIdentifier, SIGKILL)
    _ = try started.wait()
    return try #require(run)
  }

  // MARK: Crashes before renaming

  private static let hasTracer = access("/usr/bin/strace", X_OK) == 0

  /// `strace` kills the process when it renames a file: first the model, then the model with its test accuracy.
  @Test(.enabled(if: Self.hasTracer, "strace is not installed"), arguments: [1, 2])
  func crashBeforeRenameKeepsOldFile(number: Int) throws {
    try AtelierProcess(["train", "knn", "--data", data, "--output", "m"], in: folder)
    let old = try folder.bytes("m")
    let run = try folder.shell(
      """
      strace -f -qq -o /dev/null -e trace=rename,renameat,renameat2 \
      -e inject=rename,renameat,renameat2:signal=KILL:when=\(number) \
      "$ATELIER" train tree --data data --output m
      """)
    try #require(run.status != 0, "the process was not killed: \(run.errors)")
    if number == 1 {
      #expect(try folder.bytes("m") == old)
    } else {
      #expect(try SavedModel(path: folder.file("m")).metadata.testAccuracy == nil)
    }
    #expect(folder.names.count { $0.hasSuffix(".partial") } == 1, "\(folder.names)")
    let next = try AtelierProcess(["train", "tree", "--data", data, "--output", "m"], in: folder)
    #expect(next.status == 0 && folder.names == ["data", "m"], "the next writer removes the file: \(folder.names)")
  }

  /// Before a command polls for signals, for example while data are read, a signal ends it at once. `strace` sends the
  /// signal when a file is about to be renamed.
  @Test(.enabled(if: Self.hasTracer, "strace is not installed")) func signalLeavesNoPartialFile() throws {
    let run = try folder.shell(
      """
      strace -f -qq -o /dev/null -e trace=rename,renameat,renameat2 \
      -e inject=rename,renameat,renameat2:error=EINTR:signal=TERM:when=1 "$ATELIER" data data --json out.json
      """)
    #expect(run.status == 143, "\(run.errors)")
    #expect(folder.names == ["data"], "\(folder.names)")
  }

  // MARK: Full disks

  private static let hasMount = getuid() == 0 && access("/usr/bin/unshare", X_OK) == 0

  /// The disk is a small file system in memory, in a separate mount namespace.
  @Test(.enabled(if: Self.hasMount, "a small disk needs root")) func fullDiskKeepsCheckpoint() throws {
    let whole = try AtelierProcess(cnn("--output", "whole.safetensors"), in: folder)
    try #require(whole.status == 0, "\(whole.errors)")
    let run = try folder.shell(
      """
      unshare --mount sh -c '
        mkdir disk && mount -t tmpfs -o size=512k none disk || exit 99
        "$ATELIER" train cnn --data data \(Self.network.joined(separator: " ")) --output disk/m.safetensors 2> errors &
        for i in $(seq 3000); do test -e disk/m.checkpoint.safetensors && break; sleep 0.01; done
        for i in $(seq 500); do
          dd if=/dev/zero of=disk/filler oflag=append conv=notrunc bs=1k 2> /dev/null
          grep -q Error errors && break; sleep 0.01
        done
        wait $!; echo first $?
        ls disk
        rm disk/filler
        "$ATELIER" train cnn --data data --resume disk/m.checkpoint.safetensors 2>> errors > /dev/null
        echo second $?
        cmp disk/m.safetensors whole.safetensors && ls disk; cat errors >&2'
      """)
    try #require(run.status == 0, "\(run.output) \(run.errors)")
    #expect(
      run.output == "first 74\nfiller\nm.checkpoint.safetensors\nsecond 0\nm.safetensors\n",
      "\(run.output) \(run.errors)")
    #expect(run.errors.contains("cannot write disk/m.checkpoint.safetensors: No space left on device"))
  }

  /// The folder of runs was copied to a read-only file system.
  @Test(.enabled(if: Self.hasMount, "a read-only disk needs root")) func listsReadOnlyRuns() throws {
    try AtelierProcess(["train", "tree", "--data", data], in: folder)
    let run = try folder.shell(
      """
      unshare --mount sh -c '
        mkdir disk && mount -t tmpfs none disk && cp -r runs data disk && rm -f disk/runs/*-shm || exit 99
        mount -o remount,ro disk && cd disk || exit 98
        "$ATELIER" runs && "$ATELIER" runs show latest && "$ATELIER" runs compare latest latest &&
        "$ATELIER" report latest --quiet --output ../report && ls ../report'
      """)
    #expect(run.status == 0 && run.output.contains("finished"), "\(run.output) \(run.errors)")
    #expect(run.output.contains("report.html") || run.output.contains("index.html"), "\(run.output)")
  }

  // MARK: Resuming

  @Test func resumesLatestTraining() throws {
    try AtelierProcess(cnn("--output", "whole.safetensors"), in: folder)
    let run = try killedRun(cnn())
    try AtelierProcess(["train", "tree", "--data", data], in: folder)
    #expect(folder.names(in: "runs/\(run)").contains("lock"), "a killed process leaves its lock file")
    let resumed = try AtelierProcess(["train", "--resume", "latest"], in: folder)
    #expect(resumed.status == 0 && resumed.errors.contains("resuming after "), "\(resumed.errors)")
    #expect(try folder.bytes("runs/\(run)/cnn.safetensors") == folder.bytes("whole.safetensors"))
    #expect(folder.names(in: "runs/\(run)") == ["cnn.safetensors"])
    for words in [["--resume", "latest"], ["cnn", "--resume", run], ["cnn", "--resume", "runs/\(run)"]] {
      let again = try AtelierProcess(["train"] + words, in: folder)
      #expect(again.status == 66, "\(again.errors)")
      #expect(again.errors.contains("the training has finished, and its model is runs/\(run)/cnn.safetensors"))
    }
    let other = try AtelierProcess(["train", "forest", "--resume", run], in: folder)
    #expect(other.status == 64 && other.errors.contains("is not a training of a random forest"), "\(other.errors)")
    let none = try AtelierProcess(["train", "forest", "--resume", "latest"], in: folder)
    #expect(none.status == 66 && none.errors.contains("there is no run of a random forest"), "\(none.errors)")
    let bare = try AtelierProcess(["train"], in: folder)
    #expect(bare.status == 64 && bare.errors.contains("specify a model (cnn, forest, "))
  }

  @Test func resumesLatestForest() throws {
    let forest = ["train", "forest", "--data", data, "--trees", "60000"]
    try AtelierProcess(forest + ["--output", "whole.safetensors"], in: folder)
    let run = try killedRun(forest, saved: "forest.parts")
    let resumed = try AtelierProcess(["train", "--resume", "latest"], in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try folder.bytes("runs/\(run)/forest.safetensors") == folder.bytes("whole.safetensors"))
    #expect(folder.names(in: "runs/\(run)") == ["forest.safetensors"])
  }

  @Test func olderCheckpointIsReportedAndGivesSameModel() throws {
    let run = try killedRun(cnn())
    let path = "runs/\(run)/cnn.checkpoint.safetensors"
    let saved = try folder.bytes(path)
    let started = try AtelierProcess.Started(["train", "--resume", run], in: folder)
    // The record contains the first checkpoint once the second is written.
    for _ in 0..<2 {
      let before = try folder.bytes(path)
      try waitUntil { (try? folder.bytes(path)) != before }
    }
    kill(started.process.processIdentifier, SIGKILL)
    _ = try started.wait()
    // Restores the first checkpoint, as from a backup.
    try saved.write(to: URL(fileURLWithPath: folder.file(path)))
    let resumed = try AtelierProcess(["train", "--resume", run], in: folder)
    try AtelierProcess(cnn("--output", "whole.safetensors"), in: folder)
    #expect(resumed.status == 0 && resumed.errors.contains("is an older checkpoint"), "\(resumed.errors)")
    #expect(try folder.bytes("runs/\(run)/cnn.safetensors") == folder.bytes("whole.safetensors"))
  }

  @Test func refusesCheckpointOfAnotherRun() throws {
    let run = try killedRun(cnn())
    let other = try killedRun(cnn("--seed", "1"))
    let path = "runs/\(run)/cnn.checkpoint.safetensors"
    try folder.bytes("runs/\(other)/cnn.checkpoint.safetensors").write(to: URL(fileURLWithPath: folder.file(path)))
    let resumed = try AtelierProcess(["train", "--resume", run], in: folder)
    #expect(resumed.status == 65 && resumed.errors.contains("it belongs to another training than run \(run)"))
    try FileManager.default.removeItem(atPath: folder.file(path))
    let missing = try AtelierProcess(["train", "cnn", "--resume", run], in: folder)
    #expect(missing.status == 66)
    #expect(missing.errors.contains("nothing was saved (a checkpoint is written after each epoch)"))
  }

  @Test func refusesEditedForestSettings() throws {
    let run = try killedRun(["train", "forest", "--data", data, "--trees", "60000"], saved: "forest.parts")
    let path = "runs/\(run)/forest.parts/settings.json"
    let original = try folder.bytes(path)
    for bit in 0..<8 * original.count where bit % 8 == (bit / 8) % 8 {
      var bytes = original
      bytes[bytes.startIndex + bit / 8] ^= 1 << UInt8(bit % 8)
      // Tries only every fifth bit whose change leaves the JSON valid.
      guard (try? JSONSerialization.jsonObject(with: bytes)) != nil, bit % 5 == 0 else { continue }
      try bytes.write(to: URL(fileURLWithPath: folder.file(path)))
      let resumed = try AtelierProcess(["train", "--resume", run], in: folder)
      #expect(resumed.status == 65 && resumed.errors.contains(path), "bit \(bit): \(resumed.errors)")
    }
  }
}
