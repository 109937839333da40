import Foundation
import Models
import Testing

/// Options that write files, given existing files, links, pipes and descriptors.
@Suite struct OutputFileTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try TinyData.write(into: folder)
  }

  private func text(_ name: String) throws -> String { String(decoding: try folder.bytes(name), as: UTF8.self) }

  /// A log that a shell has opened is neither replaced nor overwritten.
  @Test(arguments: ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) func appendsToOpenLog(path: String) throws {
    try folder.write("old\n", to: "log")
    let run = try folder.shell("{ echo before; \"$ATELIER\" data --data data --json \(path); echo after; } >> log")
    #expect(run.status == 0, "\(run.errors)")
    let log = try text("log")
    #expect(log.hasPrefix("old\nbefore\n") && log.hasSuffix("}\nafter\n"), "\(log)")
    #expect(log.contains("\n{\n") && log.contains("\"channels\"") && !log.contains("before\n{"), "text and JSON")
    #expect(folder.names == ["data", "log"])
  }

  @Test func keepsOrderInRedirectedFile() throws {
    let run = try folder.shell("{ echo before; \"$ATELIER\" data --data data --json /dev/stdout; echo after; } > log")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try text("log").hasPrefix("before\n") && text("log").hasSuffix("}\nafter\n"))
  }

  @Test func writesToPipesAndDescriptors() throws {
    let fifo = try folder.shell(
      "mkfifo p && { cat p > caught & } && \"$ATELIER\" data --data data --json p > text && wait && test -p p")
    #expect(fifo.status == 0, "\(fifo.errors)")
    #expect(try text("caught").hasPrefix("{\n"))
    let piped = try folder.shell("\"$ATELIER\" data --data data --json /dev/stdout | cat > piped")
    #expect(try piped.status == 0 && text("piped").hasSuffix("}\n"))
    let third = try folder.shell("\"$ATELIER\" data --data data --json /dev/fd/3 3>> third > text")
    #expect(try third.status == 0 && text("third") == text("caught"), "\(third.errors)")
    let null = try folder.shell("\"$ATELIER\" train tree --data data --output m --json /dev/null --events /dev/null")
    #expect(null.status == 0, "\(null.errors)")
  }

  /// The model is written only once, when it is complete: output to a pipe cannot be replaced.
  @Test(arguments: ["tree", "forest", "cnn"]) func writesModelToDescriptorOnce(kind: String) throws {
    let options = ["cnn": "--epochs 1 --filters 4", "forest": "--trees 3", "tree": ""][kind]!
    let run = try folder.shell("\"$ATELIER\" train \(kind) \(options) --data data --output /dev/fd/3 3> m")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try SavedModel(path: folder.file("m")).metadata.testAccuracy != nil)
    #expect(folder.names == ["data", "m"])
  }

  @Test func refusesReadOnlyDescriptorBeforeFit() throws {
    let run = try folder.shell("\"$ATELIER\" train tree --data data --output m --json /dev/stdin < /dev/null")
    #expect(run.status == 73 && run.errors.contains("cannot create /dev/stdin"), "\(run.errors)")
    #expect(folder.names == ["data"])
  }

  @Test func detectsSameFileThroughLinksAndDescriptors() throws {
    for (script, isSame) in [
      ("--output log --json /dev/stdout >> log", true), ("--events log --json /dev/fd/3 3>> log", true),
      ("--output to-new --json new", true), ("--output m --json /dev/stdout --events /dev/stdout >> both", false),
    ] {
      try? FileManager.default.createSymbolicLink(atPath: folder.file("to-new"), withDestinationPath: "new")
      let run = try folder.shell("\"$ATELIER\" train tree --data data \(script)")
      #expect(run.status == (isSame ? 64 : 0) && run.errors.contains("name the same file") == isSame, "\(run.errors)")
    }
  }

  /// A resumed run appends to its event log. An incomplete line of a killed process is terminated first.
  @Test func appendsEvents() throws {
    for _ in 0..<2 {
      try AtelierProcess(["train", "tree", "--data", data, "--output", "m", "--events", "e.jsonl"], in: folder)
    }
    let lines = try text("e.jsonl").split(separator: "\n")
    #expect(lines.count { $0.contains("\"event\":\"result\"") } == 2)
    let broken = try text("e.jsonl") + "{\"event\":\"pro"
    try folder.write(broken, to: "e.jsonl")
    try AtelierProcess(["train", "tree", "--data", data, "--output", "m", "--events", "e.jsonl"], in: folder)
    #expect(try text("e.jsonl").hasPrefix(broken + "\n{\"event\":"))
  }
}
