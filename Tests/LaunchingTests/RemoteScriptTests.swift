import Foundation
import Launching
import Testing

/// Runs the script of a host with a program that stands for `atelier`, without ssh.
struct RemoteScriptTests {
  private let folder = NSTemporaryDirectory() + "atelier-script-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  /// Returns the file of a program that prints its arguments and the first line of its input.
  private func program(_ text: String = "read -r token; echo \"worker $*: $token\"") throws -> ProgramFiles.File {
    let bytes = Data("#!/bin/sh\n\(text)\n".utf8)
    try bytes.write(to: URL(fileURLWithPath: "\(folder)/program"))
    let digest = try run(["sha256sum", "\(folder)/program"]).prefix(64)
    return ProgramFiles.File(name: "atelier", path: "\(folder)/program", size: bytes.count, digest: String(digest))
  }

  private func run(_ words: [String]) throws -> String {
    let child = try ChildProcess(words)
    child.closeInput()
    var output: [UInt8] = []
    while let bytes = child.read() {
      output += bytes
      if bytes.isEmpty { child.wait(milliseconds: 100, forWriting: false) }
    }
    child.end()
    return String(decoding: output, as: UTF8.self)
  }

  private static let machine: String = {
    var names = utsname()
    uname(&names)
    return withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }()

  /// Runs the conversation up to the end of the program.
  /// - Returns: the program's output, its status, and the number of files that were sent
  private func converse(
    _ file: ProgramFiles.File, machine: String = Self.machine, shell: String = "sh"
  ) throws -> (lines: [String], status: Int32?, failure: String?) {
    let files = ProgramFiles(required: [file], systemLibraries: [:], machine: machine)
    let script = RemoteScript.text(files, arguments: ["--threads", "2"])
    let child = try ChildProcess([
      "env", "XDG_CACHE_HOME=\(folder)/cache", "SSH_CONNECTION=10.0.0.1 5 10.0.0.2 22", shell, "-c",
      RemoteScript.command(for: script),
    ])
    defer { child.end() }
    var session = RemoteSession(child, files: files, script: script)
    let end = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < end {
      switch session.advance() {
      case .isReady(let facts):
        #expect(facts.coordinatorAddress == "10.0.0.1" && facts.ownAddress == "10.0.0.2")
        session.run(RemoteWorker.Invitation(token: "the-token", exchange: "tcp://10.0.0.2:*"))
      case .failed(let reason): return ([], nil, reason)
      case .ended(let status, let signal, let lines):
        // ssh loses a signal that ends the command itself.
        #expect(signal == nil, "the shell of the script has been ended or replaced")
        return (lines, status, nil)
      case .hangs: return ([], nil, "hangs")
      case .continues: break
      }
    }
    return ([], nil, "timeout")
  }

  private var copy: String {
    get throws {
      try run(["find", "\(folder)/cache", "-name", "atelier", "-type", "f"]).trimmingCharacters(in: .newlines)
    }
  }

  @Test(arguments: ["sh", "bash"]) func startsTheProgramWithTheToken(shell: String) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (lines, status, failure) = try converse(program(), shell: shell)
    #expect(failure == nil && status == 0)
    #expect(lines == ["worker worker --join - --threads 2 --exchange tcp://10.0.0.2:*: the-token"])
  }

  @Test func copiesOnlyFilesThatAreAbsentOrDiffer() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try program()
    _ = try converse(file)
    let first = try FileManager.default.attributesOfItem(atPath: copy)[.systemFileNumber] as? Int
    _ = try converse(file)
    #expect(try FileManager.default.attributesOfItem(atPath: copy)[.systemFileNumber] as? Int == first)
    try Data("#!/bin/sh\necho changed\n".utf8).write(to: URL(fileURLWithPath: copy))
    let (lines, _, _) = try converse(file)
    #expect(lines.first?.hasPrefix("worker worker") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(contentsOf: URL(fileURLWithPath: file.path)))
  }

  @Test func reportsLastOutputAndStatus() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (lines, status, _) = try converse(program("echo out; echo oops >&2; exit 7"))
    #expect(lines.suffix(2) == ["out", "oops"] && status == 7)
  }

  /// The bytes on the way differ from those that were announced.
  @Test func refusesDamagedCopy() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try program()
    let wrong = ProgramFiles.File(
      name: file.name, path: file.path, size: file.size, digest: String(repeating: "0", count: 64))
    let (_, _, failure) = try converse(wrong)
    #expect(failure?.contains("cannot store") == true, "\(failure ?? "")")
    #expect(try copy.isEmpty)
  }

  /// The cache is below a file, which stands for a folder that cannot be written: root may write everywhere else.
  @Test func reportsCacheThatCannotBeWritten() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try program()
    try Data().write(to: URL(fileURLWithPath: "\(folder)/cache"))
    let failure = try converse(file).failure ?? ""
    #expect(failure.hasPrefix("mkdir: ") && failure.contains("Not a directory; in sessions of ssh"), "\(failure)")
  }

  /// A part that another process is still writing is newer.
  @Test func removesPartsOfInterruptedCopies() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try program()
    _ = try converse(file)
    let place = URL(fileURLWithPath: try copy).deletingLastPathComponent()
    for (name, age) in [(".1", 7_200.0), (".2", 0)] {
      let path = place.appendingPathComponent(name).path
      try #require(FileManager.default.createFile(atPath: path, contents: Data("part".utf8)))
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path)
    }
    try Data().write(to: URL(fileURLWithPath: copy))
    _ = try converse(file)
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path).filter { $0.hasPrefix(".") }
    #expect(names == [".2"])
  }

  @Test func reportsSignalThatEndedTheProgram() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try converse(program("kill -KILL $$")).status == 128 + SIGKILL)
  }

  /// Between reading the state of a host and answering it, the host may have been answered, or may have connected anew.
  @Test func hostIsAnsweredOnceAndOnlyForItsFacts() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = try program("read -r token; echo \"$token\" >\(folder)/token; read -r end")
    let worker = RemoteWorker(
      LaunchHost(destination: "host"),
      ssh: [
        "env", "XDG_CACHE_HOME=\(folder)/cache", "SSH_CONNECTION=10.0.0.1 5 10.0.0.2 22", "sh", "-c",
        "exec sh -c \"$3\"", "ssh",
      ], arguments: [], files: ProgramFiles(required: [file], systemLibraries: [:], machine: Self.machine))
    func answer(_ token: String, to facts: RemoteWorker.Facts) -> Bool {
      worker.answer(.invitation(RemoteWorker.Invitation(token: token)), to: facts)
    }
    try worker.start()
    defer {
      worker.requestEnd()
      worker.waitUntilEnded()
    }
    #expect(!answer("early", to: RemoteWorker.Facts()))
    var facts: RemoteWorker.Facts?
    while facts == nil {
      if case .awaitsInvitation(let found) = worker.state { facts = found }
      usleep(1_000)
    }
    let found = try #require(facts)
    let other = RemoteWorker.Facts(
      coordinatorAddress: found.coordinatorAddress, ownAddress: found.ownAddress, tunnelPort: 40_000)
    #expect(!answer("other", to: other))
    #expect(answer("first", to: found) && !answer("second", to: found))
    while worker.state != .running { usleep(1_000) }
    #expect(!answer("third", to: found))
    let token = URL(fileURLWithPath: "\(folder)/token")
    while (try? Data(contentsOf: token))?.isEmpty ?? true { usleep(1_000) }
    #expect(try String(contentsOf: token, encoding: .utf8) == "first\n")
    #expect(worker.takeMessages() == ["host: worker started"])
  }

  @Test func refusesOtherProcessor() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try converse(program(), machine: "pdp11").failure?.contains("pdp11") == true)
  }

  @Test func programFilesAreThoseOfThisProcess() throws {
    let files = try ProgramFiles.ofThisProgram()
    #expect(
      files.required.first?.name == "atelier" && files.required.allSatisfy { $0.digest.count == 64 && $0.size > 0 })
    #expect(files.systemLibraries["libc.so.6"]?.hasSuffix("/libc.so.6") == true)
    #expect(files.folderName.count == 64)
  }
}

struct ChildProcessTests {
  /// A child that holds a copy of another's pipe would keep that one from ending.
  @Test func inputEndsWithItsOwner() throws {
    let first = try ChildProcess(["cat"])
    let second = try ChildProcess(["sleep", "60"])
    first.closeInput()
    let end = ContinuousClock.now + .seconds(10)
    while first.exitStatus == nil, ContinuousClock.now < end { usleep(10_000) }
    #expect(first.exitStatus == 0 && second.exitStatus == nil)
    second.end()
    #expect(second.exitStatus == 128 + SIGTERM)
  }

  @Test func reportsMissingProgram() {
    #expect(throws: LaunchError.self) { try ChildProcess(["/nonexistent/ssh"]) }
  }
}
