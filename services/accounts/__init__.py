"""People, machines and partners: who they are, what they may do, which rows they see."""
