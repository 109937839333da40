internal import ArgumentParser
internal import Commands

AtelierCommand.main()
