import Launching
import Testing

struct SlurmNodeListTests {
  @Test(arguments: [
    ("n1", ["n1"]), ("n[1-2,05-07],gpu3", ["n1", "n2", "n05", "n06", "n07", "gpu3"]),
    ("n[08-11]", ["n08", "n09", "n10", "n11"]), ("n[9-10]", ["n9", "n10"]), ("n[3]", ["n3"]),
    ("rack[0-1]n[1-2]", ["rack0n1", "rack0n2", "rack1n1", "rack1n2"]), ("n[1-2]-ib", ["n1-ib", "n2-ib"]),
    ("a,b-c.d", ["a", "b-c.d"]),
  ])
  func expands(text: String, names: [String]) throws {
    #expect(try SlurmNodeList.names(text) == names)
  }

  @Test(arguments: [
    "", ",", "a,", "n[1", "n1]", "n[]", "n[a]", "n[2-1]", "n[1-]", "n[-2]", "n[1,,2]", "n[[1]]", "n[1-2-3]",
    "n[1-999999999]", "n[1-9999999999999999999]", "n[0-999]m[0-999]", "n[٣]",
  ])
  func refuses(text: String) {
    #expect(throws: LaunchError.self) { try SlurmNodeList.names(text) }
  }

  @Test func limitsTheNumberOfNames() throws {
    #expect(try SlurmNodeList.names("n[1-65536]").count == SlurmNodeList.maxNames)
    #expect(throws: LaunchError.self) { try SlurmNodeList.names("n[1-65536],m") }
  }

  @Test func readsNumbersOfTasks() throws {
    #expect(try SlurmNodeList.counts("2(x3),1") == [2, 2, 2, 1])
    #expect(try SlurmNodeList.counts("4") == [4])
    for text in ["", "x", "2(3)", "2(x0)", "2(x99999999)", "-1", "2(x3", "2(x3)y"] {
      #expect(throws: LaunchError.self, "\(text)") { try SlurmNodeList.counts(text) }
    }
  }
}
