import Cluster
import Testing

@Suite struct ProcessStatusTests {
  @Test(arguments: [false, true], [nil, 0, 123_456]) func readsWhatItWrites(isReady: Bool, lastIteration: Int?) {
    for text in ["", "waiting for 2 of 2 workers", "a  b "] {
      var status = ProcessStatus(text: text)
      (status.isReady, status.lastIteration) = (isReady, lastIteration)
      #expect(ProcessStatus(fileText: status.fileText) == status)
    }
  }

  @Test(arguments: ["", "\n", "ready", "ready -", "steady - a", "ready a b", "ready 99999999999999999999 a"])
  func rejectsOtherText(text: String) { #expect(ProcessStatus(fileText: text) == nil) }

  @Test func isAliveUntilIterationsStop() {
    var status = ProcessStatus(text: "")
    #expect(status.isAlive(at: 1_000_000), "no loop is running")
    status.lastIteration = 1_000
    #expect(status.isAlive(at: 30_999) && !status.isAlive(at: 31_000))
  }
}
