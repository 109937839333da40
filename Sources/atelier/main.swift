internal import Commands

AtelierCommand.start()
