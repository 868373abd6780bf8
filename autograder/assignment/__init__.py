"""What a teacher writes, loaded once: rubric, contract, kinds of tasks, digests, template, kit."""
