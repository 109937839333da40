import Files
import Foundation
import Testing

@Suite struct FileTransferTests {
  /// A pipe holds 64 KiB, so both sides transfer the bytes in parts.
  @Test func transfersAllBytesThroughPipe() throws {
    let sent = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (input, output) = (ends[0], ends[1])
    defer { close(input) }
    // A thread of its own: a task may wait for the one that waits for it.
    Thread.detachNewThread {
      defer { close(output) }
      try? FileTransfer.write(sent, to: output)
    }
    let received = try [UInt8](atMost: sent.count + 10) { buffer throws(SystemError) in
      try FileTransfer.read(buffer, from: input)
    }
    #expect(received == sent, "the end of the input ends the buffer")
  }

  @Test func readsAtOffsetWithoutMovingPosition() throws {
    let folder = try TemporaryFolder()
    let file = open(try folder.write([1, 2, 3, 4, 5], to: "a"), O_RDONLY)
    defer { close(file) }
    func read(_ count: Int, at offset: Int?) throws -> [UInt8] {
      try [UInt8](atMost: count) { buffer throws(SystemError) in
        try FileTransfer.read(buffer, from: file, at: offset)
      }
    }
    #expect(try read(2, at: nil) == [1, 2] && read(3, at: 1) == [2, 3, 4] && read(9, at: nil) == [3, 4, 5])
    #expect(try read(9, at: 5) == [])
  }

  @Test func errorsNameSystemsReason() {
    #expect(throws: SystemError(EBADF)) { try FileTransfer.write([1], to: -1) }
    #expect(SystemError(ENOSPC).description == "No space left on device")
    #expect(systemErrorText(ENOENT) == "No such file or directory")
  }
}
